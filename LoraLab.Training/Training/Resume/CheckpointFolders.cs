using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Training.Recording;
using TorchSharp;

namespace LoraLab.Training.Training.Resume;

/// <summary>
/// The checkpoints of a run directory, one folder per checkpoint; the last ones are kept. A folder gets its final name only when both files
/// are complete on disk, and the state file has the hash of the tensor file, so that a checkpoint damaged by a power failure is detected
/// and the previous one is used. Tensors that training does not change are in a file beside the folders, written once.
/// </summary>
/// <param name="directory">The run directory.</param>
/// <param name="kept">Number of checkpoints that are kept.</param>
public sealed partial class CheckpointFolders(RunDirectory directory, int kept = CheckpointFolders.Usual)
{
    /// <summary>Number of checkpoints that runs keep unless each of them is as large as several models.</summary>
    public const int Usual = 2;

    private const string StateFile = "state.json";
    private const string TensorsFile = "state.safetensors";
    private const string Prefix = "step-";
    private const string Previous = ".before";
    private const string FrozenPrefix = "frozen-";
    private readonly string _root = Path.Combine(directory.FullPath, RunFiles.Checkpoints);

    // Written by this object; null: not yet, or there is none.
    private (string Name, string Sha256)? _frozen;

    /// <summary>Writes a checkpoint and deletes all but the last ones.</summary>
    public void Save(TrainingState state, IReadOnlyDictionary<string, torch.Tensor> tensors) => Stage(state, tensors, [])();

    /// <summary>
    /// Copies the tensors, which may change afterwards, to files without their final names, and returns the rest of the work: hashes,
    /// flushing to disk, the final name, and the deletion of old checkpoints. It may be done on another thread, but before the next call.
    /// What was copied is in the system's memory, not necessarily on disk; until the rest is done, the previous checkpoint is the last.
    /// </summary>
    /// <param name="state">The state.</param>
    /// <param name="tensors">Tensors that training changes.</param>
    /// <param name="frozen">Tensors that it does not, which are written once.</param>
    public Action Stage(
        TrainingState state,
        IReadOnlyDictionary<string, torch.Tensor> tensors,
        IEnumerable<KeyValuePair<string, torch.Tensor>> frozen)
    {
        string complete = Path.Combine(_root, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step:00000000}"));
        string unfinished = TemporaryName.Beside(complete);
        string? frozenFile = null;
        Directory.CreateDirectory(unfinished);
        try
        {
            if (_frozen is null && frozen.ToDictionary() is { Count: > 0 } fixedTensors)
            {
                frozenFile = TemporaryName.Beside(Path.Combine(_root, FrozenPrefix));
                Write(frozenFile, fixedTensors);
            }

            Write(Path.Combine(unfinished, TensorsFile), tensors);
        }
        catch
        {
            Discard(unfinished, frozenFile);
            throw;
        }

        return () => Complete(state, unfinished, complete, frozenFile);
    }

    /// <summary>Opens the newest intact checkpoint; returns null if there is none.</summary>
    /// <param name="log">Receives a message per damaged checkpoint.</param>
    public CheckpointReader? Latest(Action<string> log)
    {
        foreach (string folder in NewestFirst())
        {
            try
            {
                return Open(folder);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException or RunFailure)
            {
                log($"checkpoint {Path.GetFileName(folder)} is damaged and skipped: {problem.Message}");
            }
        }

        return null;
    }

    private void Complete(TrainingState state, string unfinished, string complete, string? frozenFile)
    {
        string? previous = null;
        try
        {
            // Before the first checkpoint that needs it.
            _frozen ??= frozenFile is null ? null : KeepFrozen(frozenFile);
            string path = Path.Combine(unfinished, TensorsFile);
            TrainingState sealedState = state with
            {
                TensorsSha256 = Sha256Hash.OfFile(path),
                FrozenFile = _frozen?.Name,
                FrozenSha256 = _frozen?.Sha256,
            };
            DurableFile.FlushToDisk(path);
            DurableFile.WriteAllText(Path.Combine(unfinished, StateFile), JsonSerializer.Serialize(sealedState, ContractJson.Indented));

            // A second checkpoint of the same step adds its evaluation. The previous one stays readable until the new one has its name.
            if (Directory.Exists(complete))
            {
                previous = Path.ChangeExtension(TemporaryName.Beside(complete), Previous);
                Directory.Move(complete, previous);
            }

            Directory.Move(unfinished, complete);
        }
        catch
        {
            // On a full disk, free the space of the partial checkpoint for the final events.
            Discard(unfinished, frozenFile);
            throw;
        }

        if (previous is not null)
        {
            Discard(previous);
        }

        foreach (string old in NewestFirst().Skip(kept))
        {
            Discard(old);
        }
    }

    // The same tensors get the same name in every attempt, so that checkpoints of earlier attempts stay intact.
    private (string Name, string Sha256) KeepFrozen(string path)
    {
        string sha256 = Sha256Hash.OfFile(path);
        string name = $"{FrozenPrefix}{sha256[..16]}.safetensors";
        string target = Path.Combine(_root, name);
        if (File.Exists(target) && Sha256Hash.OfFile(target) == sha256)
        {
            // It may be open: the attempt that resumed from it reads it, and Windows does not replace open files.
            File.Delete(path);
        }
        else
        {
            DurableFile.FlushToDisk(path);
            File.Move(path, target, overwrite: true);
        }

        return (name, sha256);
    }

    private static void Write(string path, IReadOnlyDictionary<string, torch.Tensor> tensors) =>
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" }, flush: false);

    private CheckpointReader Open(string folder)
    {
        TrainingState state = JsonSerializer.Deserialize<TrainingState>(
            File.ReadAllBytes(Path.Combine(folder, StateFile)), ContractJson.Options)
            ?? throw new JsonException($"{StateFile} is empty");
        string path = Path.Combine(folder, TensorsFile);
        string? frozen = state.FrozenFile is string name ? Path.Combine(_root, Path.GetFileName(name)) : null;
        RequireHash(path, state.TensorsSha256);
        if (frozen is not null)
        {
            RequireHash(frozen, state.FrozenSha256);
        }

        SafetensorsFile tensors = SafetensorsFile.Open(path, field: null);
        try
        {
            return new CheckpointReader(state, tensors, frozen is null ? null : SafetensorsFile.Open(frozen, field: null));
        }
        catch
        {
            tensors.Dispose();
            throw;
        }
    }

    private static void RequireHash(string path, string? expected)
    {
        string found = Sha256Hash.OfFile(path);
        if (found != expected)
        {
            throw new IOException($"{Path.GetFileName(path)} has the hash {found}, but {StateFile} has {expected}");
        }
    }

    private List<string> NewestFirst() => !Directory.Exists(_root) ? [] :
        [.. Directory.EnumerateDirectories(_root, Prefix + "*").Where(folder => CompleteName().IsMatch(Path.GetFileName(folder)))
            .OrderDescending(StringComparer.Ordinal)];

    private static void Discard(string folder, string? file = null)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        if (file is not null)
        {
            File.Delete(file);
        }
    }

    /// <summary>The names that this class gives to complete checkpoints, and version 0.1 gave; others are left alone.</summary>
    [GeneratedRegex("^step-[0-9]{8,}(([.][0-9a-z]+)?[.]before)?$")]
    private static partial Regex CompleteName();
}
