using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Training.Fingerprints;

public sealed class FingerprintTests
{
    [Fact]
    public void Train_FinishedRun_HashesTheFilesItRead()
    {
        using TestTrainer trainer = new();
        FinishedRun run = trainer.Run(MicroSpec.For("pissa"));

        RunFingerprint fingerprint = Read(run.Folder);

        string model = Path.Combine(Fixtures.RepositoryRoot, "samples", "model");
        Assert.Equal(HashOf(Path.Combine(model, "model.safetensors")), fingerprint.Model.WeightsSha256);
        Assert.Equal(HashOf(Path.Combine(model, "tokenizer.model")), fingerprint.Model.TokenizerSha256);
        Assert.Equal(HashOf(Path.Combine(model, "config.json")), fingerprint.Model.ConfigSha256);
        Assert.Contains(
            HashOf(Directory.GetFiles(Path.Combine(Fixtures.RepositoryRoot, "samples", "data"), "train.*").Single()),
            fingerprint.Training.FilesSha256.Values);
        Assert.Equal(["full"], fingerprint.Adapter.Svd);
        Assert.Equal((MicroSpec.Steps, run.Summary.TrainTokens), (fingerprint.Training.Steps, fingerprint.Training.ConsumedTokens));
        Assert.Equal(fingerprint.Training.EpochTokens, fingerprint.Training.ConsumedTokens);
        Assert.Equal((32, 32), (fingerprint.Evaluation.Rows, fingerprint.Evaluation.Labels.Values.Sum()));
        Assert.Equal(32, fingerprint.Training.Labels.Values.Sum());
        Assert.Equal(run.Prepared.Environment.Threads, fingerprint.Environment.Threads);
        Assert.Empty(fingerprint.Paper);
    }

    [Fact]
    public void Train_ConsumedRows_AreHashedStepByStep()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("lora");
        spec["dataSeed"] = null;
        spec["maxSteps"] = 2;

        RunFingerprint fingerprint = Read(trainer.Run(spec).Folder);

        // Computed from the definition: each part is preceded by its length; without dataSeed, the rows are 0, 1, 2, ...
        byte[] rolled = new byte[32];
        for (int step = 1; step <= 2; step++)
        {
            using MemoryStream bytes = new();
            using BinaryWriter writer = new(bytes, Encoding.UTF8);
            writer.Write(32L);
            writer.Write(rolled);
            writer.Write(1L);
            writer.Write(step);
            writer.Write(8L);
            for (int i = 0; i < 8; i++)
            {
                writer.Write(((step - 1) * 8) + i);
            }

            writer.Flush();
            rolled = SHA256.HashData(bytes.ToArray());
        }

        Assert.Equal(Convert.ToHexStringLower(rolled), fingerprint.Training.ConsumedSha256);
        Assert.Equal(2, fingerprint.Training.Steps);
    }

    [Fact]
    public void Train_OneConditionChanged_ChangesItsHashAlone()
    {
        using TestTrainer trainer = new();
        RunFingerprint reference = Of(trainer, _ => { });

        RunFingerprint otherPrompt = Of(trainer, spec => spec["prompt"] = "paper-quoted");
        RunFingerprint stripped = Of(trainer, spec => spec["stripSentence"] = true);
        RunFingerprint otherRows = Of(trainer, spec => spec["evalSamples"] = 31);
        RunFingerprint otherOrder = Of(trainer, spec => spec["orderSeed"] = 5);
        RunFingerprint otherSeed = Of(trainer, spec => spec["seed"] = 43);

        Assert.NotEqual(reference.Prompt.Sha256, otherPrompt.Prompt.Sha256);
        Assert.NotEqual(reference.Prompt.Sha256, stripped.Prompt.Sha256);
        Assert.Equal(reference.Evaluation.Sha256, otherPrompt.Evaluation.Sha256);
        Assert.NotEqual(reference.Evaluation.Sha256, otherRows.Evaluation.Sha256);
        Assert.Equal(reference.Training.SubsetSha256, otherRows.Training.SubsetSha256);
        Assert.NotEqual(reference.Training.SubsetSha256, otherOrder.Training.SubsetSha256);
        Assert.NotEqual(reference.Training.ConsumedSha256, otherOrder.Training.ConsumedSha256);
        Assert.Equal(reference.Adapter.InitialSha256, otherOrder.Adapter.InitialSha256);
        Assert.NotEqual(reference.Adapter.FinalSha256, otherOrder.Adapter.FinalSha256);
        Assert.NotEqual(reference.Adapter.InitialSha256, otherSeed.Adapter.InitialSha256);
        Assert.Equal(reference.Training.ConsumedSha256, otherSeed.Training.ConsumedSha256);
    }

    [Fact]
    [Trait("Category", "Long")]
    public void Train_ThePapersDataAndWindows_HasEachOfItsFigures()
    {
        _ = Fixtures.Sst2;
        using TestTrainer trainer = new(fixtures: true);
        JsonObject spec = new()
        {
            ["model"] = "stories260K",
            ["dataset"] = "sst2",
            ["rank"] = 2,
            ["trainSamples"] = 20000,
            ["maxSteps"] = 1,
            ["evalEvery"] = 1000,
            ["precision"] = "fp32",
        };

        RunFingerprint fingerprint = Read(trainer.Run(spec).Folder);

        Assert.Equal([false, true, true, false, false], fingerprint.Paper.Select(figure => figure.Matches!.Value));
        Assert.Equal("8,940 / 11,060", fingerprint.Paper[1].Run);
        Assert.Equal("428 / 444", fingerprint.Paper[2].Run);
        Assert.Equal(("1,250", "1"), (fingerprint.Paper[3].Paper, fingerprint.Paper[3].Run));
        Assert.Equal("760,459", fingerprint.Paper[4].Paper);
        Assert.Equal("this run's base model is 'stories260K'", fingerprint.Paper[0].Note);
        // stories260K splits its labels into several tokens.
        Assert.Equal(LabelPieces(fingerprint), fingerprint.Environment.LabelPieces.Values);
    }

    private static IEnumerable<int> LabelPieces(RunFingerprint fingerprint) => fingerprint.Prompt.LabelIds.Values.Select(ids => ids.Count);

    private static RunFingerprint Of(TestTrainer trainer, Action<JsonObject> change)
    {
        JsonObject spec = MicroSpec.For("lora");
        spec["maxSteps"] = 1;
        change(spec);
        return Read(trainer.Run(spec).Folder);
    }

    private static RunFingerprint Read(string folder) =>
        JsonSerializer.Deserialize<RunFingerprint>(File.ReadAllText(Path.Combine(folder, RunFiles.Fingerprint)), ContractJson.Options)!;

    private static string HashOf(string file) => Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file)));
}
