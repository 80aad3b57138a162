using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Catalog;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Models.Weights;
using Xunit;

namespace LoraLab.Tests.Training.Training.Resume;

/// <summary>A run records the revision of its model and resumes on it, whatever the name points to since.</summary>
public sealed class RevisionResumeTests
{
    private const string First = "1111111111111111111111111111111111111111";
    private const string Second = "2222222222222222222222222222222222222222";

    [Fact]
    public void Resume_NameThatPointsToAnotherRevisionSince_ContinuesOnItsOwn()
    {
        using TestTrainer trainer = new();
        string sample = trainer.CopyOfSampleModel("plain");
        StoredRevisions revisions = new(Path.Combine(Path.GetDirectoryName(sample)!, "tiny"));
        Store(revisions, sample, First, scale: 1);
        Store(revisions, sample, Second, scale: 0.5);
        JsonObject spec = MicroSpec.For("lora");
        spec["model"] = "tiny";
        string whole = trainer.NewFolder();
        string interrupted = trainer.NewFolder();
        revisions.Publish(new("acme/tiny", "v1", First, "https://hub.example/"));
        trainer.Attempt(whole, 1, spec);
        trainer.Attempt(interrupted, 1, spec, (item, stop) =>
        {
            if (item is Evaluated { Step: 2 })
            {
                stop.Abandon("stopped by the test");
            }
        }, new LeapingClock());

        revisions.Publish(new("acme/tiny", "main", Second, "https://hub.example/"));
        Assert.Equal(EndReason.Finished, trainer.Attempt(interrupted, 2, spec));

        Assert.Equal(First, FinishedRun.Read(interrupted, 2).Prepared.Environment.ModelRevision);
        Assert.Equal(Read(whole).Adapter.FinalSha256, Read(interrupted).Adapter.FinalSha256);
        Assert.Equal(First, Read(interrupted).Environment.ModelRevision);
        Assert.Equal(Second, trainer.Services.Models.Describe("tiny").Commit);
        FinishedRun fresh = trainer.Run(spec);
        Assert.Equal(Second, fresh.Prepared.Environment.ModelRevision);
        Assert.NotEqual(Read(whole).Adapter.FinalSha256, Read(fresh.Folder).Adapter.FinalSha256);
    }

    private static void Store(StoredRevisions revisions, string source, string commit, double scale)
    {
        string folder = Directory.CreateDirectory(revisions.Folder(commit)).FullName;
        foreach (string file in Directory.GetFiles(source).Where(file => !file.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        }

        using CheckpointWeights weights = CheckpointWeights.Open(source);
        SafetensorsWriter.Write(
            Path.Combine(folder, CheckpointWeights.SingleFile),
            weights.Names.ToDictionary(name => name, name => weights.Read(name).mul(scale)),
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static RunFingerprint Read(string run) => JsonSerializer.Deserialize<RunFingerprint>(
        File.ReadAllText(Path.Combine(run, RunFiles.Fingerprint)), ContractJson.Options)!;
}
