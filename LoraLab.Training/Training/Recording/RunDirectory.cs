using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Files;
using LoraLab.Training.Files;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Specs;
using LoraLab.Training.Tasks;

namespace LoraLab.Training.Training.Recording;

/// <summary>The run directory: specification, attempts with their events and logs, predictions, adapter.</summary>
public sealed class RunDirectory
{
    /// <summary>Opens a run directory, creating it if it does not exist.</summary>
    public RunDirectory(string path)
    {
        FullPath = Path.GetFullPath(path);
        Directory.CreateDirectory(FullPath);
    }

    /// <summary>Full path.</summary>
    public string FullPath { get; }

    /// <summary>Folder of the adapter in the PEFT layout.</summary>
    public string AdapterFolder => Path.Combine(FullPath, RunFiles.Adapter);

    /// <summary>Reads the specification stored by the server or the command line.</summary>
    public JsonElement ReadSpec()
    {
        string path = Path.Combine(FullPath, RunFiles.Spec);
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(JsonFile.Read(path).Span);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            throw RunFailure.BadData($"{path} cannot be read: {e.Message}", inner: e);
        }
    }

    /// <summary>Stores the specification.</summary>
    public void WriteSpec(RunSpec spec) =>
        DurableFile.WriteAllText(Path.Combine(FullPath, RunFiles.Spec), JsonSerializer.Serialize(spec, ContractJson.Indented));

    /// <summary>Stores the fingerprint.</summary>
    public void WriteFingerprint(RunFingerprint fingerprint) =>
        DurableFile.WriteAllText(
            Path.Combine(FullPath, RunFiles.Fingerprint), JsonSerializer.Serialize(fingerprint, ContractJson.Indented));

    /// <summary>Reads the fingerprint that an earlier attempt stored; null: there is none, or it is damaged.</summary>
    public RunFingerprint? ReadFingerprint() => AdapterOrigin.ReadFingerprint(Path.Combine(FullPath, RunFiles.Fingerprint));

    /// <summary>Creates the folder of an attempt and returns its path.</summary>
    public string AttemptFolder(int number) => Directory.CreateDirectory(Path.Combine(FullPath, RunFiles.Attempt(number))).FullName;

    /// <summary>Returns the number of the next attempt: the first without a folder.</summary>
    public int NextAttempt()
    {
        int number = 1;
        while (Directory.Exists(Path.Combine(FullPath, RunFiles.Attempt(number))))
        {
            number++;
        }

        return number;
    }

    /// <summary>Stores the evaluation rows as text, next to which their predictions are shown.</summary>
    public void WriteEvaluationRows(IEnumerable<EvaluationRow> rows) => DurableFile.WriteLines(
        Path.Combine(FullPath, RunFiles.EvaluationRows), rows.Select(row => JsonSerializer.Serialize(row, ContractJson.Options)));

    /// <summary>Writes the predictions of an evaluation and returns the path of the file relative to the run directory.</summary>
    public string WritePredictions(int step, PredictionTable predictions)
    {
        string relative = RunFiles.PredictionsAt(step);
        Directory.CreateDirectory(Path.Combine(FullPath, RunFiles.Predictions));
        CsvLines csv = new("\n");
        foreach (IReadOnlyList<string> row in predictions.Rows.Prepend(predictions.Columns))
        {
            csv.Add(row);
        }

        DurableFile.WriteAllText(Path.Combine(FullPath, relative), csv.ToString());
        return relative;
    }
}
