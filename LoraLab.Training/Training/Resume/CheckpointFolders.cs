using System.Globalization;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Training.Recording;
using TorchSharp;

namespace LoraLab.Training.Training.Resume;

/// <summary>
/// The checkpoints of a run directory, a folder each, the last two kept. A folder gets its name only when both files are complete on
/// the disk, and the tensors' hash stands in the other file: what a power cut tore is seen, and the checkpoint before it is used.
/// </summary>
public sealed class CheckpointFolders(RunDirectory directory)
{
    private const int Kept = 2;
    private const string StateFile = "state.json";
    private const string TensorsFile = "state.safetensors";
    private const string Prefix = "step-";
    private readonly string _root = Path.Combine(directory.FullPath, RunFiles.Checkpoints);

    /// <summary>Writes a checkpoint, then lets go of all but the last two.</summary>
    public void Save(TrainingState state, IReadOnlyDictionary<string, torch.Tensor> tensors)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{state.Step:00000000}");
        string complete = Path.Combine(_root, name);
        string unfinished = complete + ".tmp";
        Discard(unfinished);
        Directory.CreateDirectory(unfinished);
        try
        {
            string path = Path.Combine(unfinished, TensorsFile);
            SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["format"] = "pt" });
            TrainingState sealedState = state with { TensorsSha256 = Sha256Hash.OfFile(path) };
            DurableFile.WriteAllText(Path.Combine(unfinished, StateFile), JsonSerializer.Serialize(sealedState, ContractJson.Indented));
        }
        catch (IOException)
        {
            // On a full disk its half would take the room for the last words.
            Discard(unfinished);
            throw;
        }

        // The same step again: an evaluation has been added. The one before stays readable until the new one has its name.
        string before = complete + ".before";
        Discard(before);
        if (Directory.Exists(complete))
        {
            Directory.Move(complete, before);
        }

        Directory.Move(unfinished, complete);
        Discard(before);
        foreach (string old in Newest().Skip(Kept))
        {
            Discard(old);
        }
    }

    /// <summary>The newest checkpoint that is whole, or null.</summary>
    /// <param name="log">Hears of each that is not.</param>
    public CheckpointReader? Latest(Action<string> log)
    {
        foreach (string folder in Newest())
        {
            try
            {
                return Open(folder);
            }
            catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or JsonException or RunFailure)
            {
                log($"checkpoint {Path.GetFileName(folder)} is damaged and not used: {problem.Message}");
            }
        }

        return null;
    }

    private static CheckpointReader Open(string folder)
    {
        TrainingState state = JsonSerializer.Deserialize<TrainingState>(File.ReadAllBytes(Path.Combine(folder, StateFile)), ContractJson.Options)
            ?? throw new JsonException($"{StateFile} is empty");
        string path = Path.Combine(folder, TensorsFile);
        string found = Sha256Hash.OfFile(path);
        return found == state.TensorsSha256
            ? new CheckpointReader(state, SafetensorsFile.Open(path, field: null))
            : throw new IOException($"{TensorsFile} has the hash {found}, {StateFile} says {state.TensorsSha256}");
    }

    private List<string> Newest() => !Directory.Exists(_root) ? [] :
        [.. Directory.EnumerateDirectories(_root, Prefix + "*").Where(folder => !folder.EndsWith(".tmp", StringComparison.Ordinal)).OrderDescending(StringComparer.Ordinal)];

    private static void Discard(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
