using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// Fingerprint file of runs with <c>fingerprint</c> in their notes. Words: <c>weights=</c>, <c>tokenizer=</c>, <c>promptHash=</c>,
/// <c>labelIds=</c>, <c>evalHash=</c> (default: that of the texts, if they are written), <c>trainHash=</c>, <c>final=</c> (default:
/// unique), <c>threads=N</c>, <c>torch=VERSION</c>.
/// </summary>
internal static class ScriptedFingerprint
{
    public static void Write(string directory, RunSpec spec, Script script, int evalRows, bool ended)
    {
        if (!script.Has("fingerprint"))
        {
            return;
        }

        RunFingerprint fingerprint = new()
        {
            Model = new ModelFingerprint
            {
                Name = spec.Model,
                WeightsSha256 = script.Text("weights", "w0"),
                ConfigSha256 = "c0",
                TokenizerSha256 = script.Text("tokenizer", "t0"),
            },
            Prompt = new PromptFingerprint
            {
                Name = spec.Prompt ?? "paper-literal",
                Template = "{sentence} {label}",
                Sha256 = script.Text("promptHash", "p0"),
                LabelIds = new Dictionary<string, IReadOnlyList<int>> { ["negative"] = [1], ["positive"] = [2] },
                LabelIdsSha256 = script.Text("labelIds", "l0"),
            },
            Training = new TrainingFingerprint
            {
                Dataset = spec.Dataset,
                FilesSha256 = new Dictionary<string, string> { ["train.tsv"] = script.Text("trainHash", "f0") },
                Sentences = 100,
                Labels = new Dictionary<string, int> { ["negative"] = 50, ["positive"] = 50 },
                SubsetSha256 = "s0",
                EpochTokens = 1234,
                Steps = ended ? 10 : 0,
                ConsumedTokens = ended ? 1234 : 0,
                ConsumedSha256 = ended ? "consumed0" : null,
            },
            Evaluation = new EvaluationFingerprint
            {
                Rows = evalRows,
                Labels = new Dictionary<string, int> { ["negative"] = evalRows / 2, ["positive"] = evalRows / 2 },
                Sha256 = script.Text("evalHash", ScriptedData.Of(spec.Dataset).RowsHash(evalRows) ?? "e0"),
            },
            Adapter = new AdapterFingerprint
            {
                InitialSha256 = "i0",
                FinalSha256 = ended ? script.Text("final", Guid.NewGuid().ToString("n")) : null,
            },
            Environment = new RunEnvironment
            {
                Device = "cpu",
                DeviceName = "scripted",
                Precision = Precision.Fp32,
                MicroBatch = spec.EffectiveBatch,
                Threads = script.Number("threads", 1),
                Versions = new Dictionary<string, string> { ["libtorch"] = script.Text("torch", "2.10.0") },
            },
        };
        File.WriteAllText(Path.Combine(directory, RunFiles.Fingerprint), JsonSerializer.Serialize(fingerprint, ContractJson.Indented));
    }
}
