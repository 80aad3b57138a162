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
/// and the previous one is used.
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
    private readonly string _root = Path.Combine(directory.FullPath, RunFiles.Checkpoints);

    /// <summary>Writes a checkpoint and deletes all but the last ones.</summary>
    public void Save(TrainingState state, IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step:00000000}");
        string complete = Path.Combine(_root, name);
        string unfinished = TemporaryName.Beside(complete);
        Directory.CreateDirectory(unfinished);
        try
        {
            string path = Path.Combine(unfinished, TensorsFile);
            SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
            TrainingState sealedState = state with { TensorsSha256 = Sha256Hash.OfFile(path) };
            DurableFile.WriteAllText(Path.Combine(unfinished, StateFile), JsonSerializer.Serialize(sealedState, ContractJson.Indented));
        }
        catch
        {
            // On a full disk, free the space of the partial checkpoint for the final events.
            Discard(unfinished);
            throw;
        }

        // A second checkpoint of the same step adds its evaluation. The previous one stays readable until the new one has its name.
        string? previous = null;
        if (Directory.Exists(complete))
        {
            previous = Path.ChangeExtension(TemporaryName.Beside(complete), Previous);
            Directory.Move(complete, previous);
        }

        Directory.Move(unfinished, complete);
        if (previous is not null)
        {
            Discard(previous);
        }

        foreach (string old in NewestFirst().Skip(kept))
        {
            Discard(old);
        }
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

    private static CheckpointReader Open(string folder)
    {
        TrainingState state = JsonSerializer.Deserialize<TrainingState>(
            File.ReadAllBytes(Path.Combine(folder, StateFile)), ContractJson.Options)
            ?? throw new JsonException($"{StateFile} is empty");
        string path = Path.Combine(folder, TensorsFile);
        string sha256 = Sha256Hash.OfFile(path);
        return sha256 == state.TensorsSha256
            ? new CheckpointReader(state, SafetensorsFile.Open(path, field: null))
            : throw new IOException($"{TensorsFile} has the hash {sha256}, but {StateFile} has {state.TensorsSha256}");
    }

    private List<string> NewestFirst() => !Directory.Exists(_root) ? [] :
        [.. Directory.EnumerateDirectories(_root, Prefix + "*").Where(folder => Complete().IsMatch(Path.GetFileName(folder)))
            .OrderDescending(StringComparer.Ordinal)];

    private static void Discard(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The names that this class gives to complete checkpoints, and version 0.1 gave; others are left alone.</summary>
    [GeneratedRegex("^step-[0-9]{8,}(([.][0-9a-z]+)?[.]before)?$")]
    private static partial Regex Complete();
}
