using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using LoraLab.Training.Training.Recording;
using LoraLab.Training.Training.Resume;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training.Resume;

/// <summary>Checkpoints written beside the training: what a kill at any moment leaves, and what a failed write does.</summary>
public sealed class BackgroundCheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Stage_KilledBeforeItIsComplete_LeavesThePreviousCheckpoint()
    {
        CheckpointFolders checkpoints = new(new RunDirectory(_folder.Path));
        using Tensor trained = zeros(4);
        using Tensor frozen = ones(2);
        checkpoints.Stage(StateAt(1), Named("trained", trained), Named("frozen", frozen))();

        Action complete = checkpoints.Stage(StateAt(2), Named("trained", trained), Named("frozen", frozen));
        Assert.Equal(1, Latest());
        Assert.Equal(1, Latest(new CheckpointFolders(new RunDirectory(_folder.Path))));

        // Training goes on while the rest is done.
        trained.PlusInPlace(ones(4));
        complete();
        using CheckpointReader second = checkpoints.Latest(message => Assert.Fail(message))!;
        using Tensor saved = second.Tensor("trained"), kept = second.Tensor("frozen");
        Assert.Equal((2, 0f, 2f), (second.State.Step, saved.sum().item<float>(), kept.sum().item<float>()));
        Assert.Single(Directory.GetFiles(Path.Combine(_folder.Path, RunFiles.Checkpoints)));

        int? Latest(CheckpointFolders? opened = null)
        {
            using CheckpointReader? found = (opened ?? checkpoints).Latest(message => Assert.Fail(message));
            return found?.State.Step;
        }
    }

    [Fact]
    public void Train_CheckpointIsRecordedOnlyOnceItIsOnDisk()
    {
        using TestTrainer trainer = new();
        string folder = trainer.NewFolder();
        List<int> saved = [];

        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 1, MicroSpec.For("lora"), (happened, _) =>
        {
            if (happened is CheckpointSaved checkpoint)
            {
                Assert.True(File.Exists(Path.Combine(
                    folder, RunFiles.Checkpoints, $"step-{checkpoint.Step:00000000}", "state.json")));
                saved.Add(checkpoint.Step);
            }
        }));

        Assert.Equal(FinishedRun.Read(folder, 1).Events.OfType<Evaluated>().Select(evaluated => evaluated.Step), saved);
    }

    [Fact]
    public void Train_WriteThatFailsInTheBackground_EndsTheRunAndKeepsThePreviousCheckpoint()
    {
        using TestTrainer trainer = new();
        string folder = trainer.NewFolder();
        using OpenRun run = new(trainer, folder, MicroSpec.For("lora"));
        int step = run.Prepared.Schedule.TotalSteps;
        string checkpoints = Directory.CreateDirectory(Path.Combine(folder, RunFiles.Checkpoints)).FullName;
        string obstacle = Path.Combine(checkpoints, $"step-{step:00000000}");
        File.WriteAllText(obstacle, "in the way");

        Assert.IsType<IOException>(run.Run(), exactMatch: false);

        using CheckpointReader? previous = new CheckpointFolders(new RunDirectory(folder)).Latest(message => Assert.Fail(message));
        Assert.InRange(previous!.State.Step, 0, step - 1);
        Assert.DoesNotContain(Directory.GetDirectories(checkpoints), path => path.EndsWith(".tmp", StringComparison.Ordinal));
    }

    private static Dictionary<string, Tensor> Named(string name, Tensor tensor) => new() { [name] = tensor };

    private static TrainingState StateAt(int step) => new()
    {
        Step = step,
        Spec = new RunSpec(),
        SpecSha256 = "",
        BaseSha256 = "",
        ConsumedSha256 = "",
        Start = new AdapterFingerprint { InitialSha256 = "" },
        Summary = new RunSummary(),
    };
}
