using LoraLab.Contracts.Runs;
using LoraLab.Files;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Safetensors;
using LoraLab.Training.Training.Recording;
using LoraLab.Training.Training.Resume;
using TorchSharp;
using Xunit;

namespace LoraLab.Tests.Training.Files;

/// <summary>Temporary files and folders have random names and are removed by their maker alone.</summary>
public sealed class TemporaryNameTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, torch.Tensor> _tensors = new() { ["weight"] = torch.ones(2, 3) };

    public void Dispose()
    {
        _tensors["weight"].Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Beside_CalledTwice_GivesOtherNames() =>
        Assert.NotEqual(TemporaryName.Beside(_folder.Path), TemporaryName.Beside(_folder.Path));

    [Fact]
    public void Write_FilesOfTheUserThatLookTemporary_AreLeftAlone()
    {
        string[] mine = [_folder.Write("notes.json.tmp", "mine"), _folder.Write($"w.safetensors.{Environment.ProcessId}.tmp", "mine")];

        DurableFile.WriteAllText(Path.Combine(_folder.Path, "notes.json"), "{}");
        SafetensorsWriter.Write(Path.Combine(_folder.Path, "w.safetensors"), _tensors, new Dictionary<string, string>());

        Assert.All(mine, file => Assert.Equal("mine", File.ReadAllText(file)));
        Assert.Equal(4, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public void Write_ThatFails_LeavesNoneOfItsOwn()
    {
        string taken = Directory.CreateDirectory(Path.Combine(_folder.Path, "notes.json", "in the way")).Parent!.FullName;

        Assert.ThrowsAny<Exception>(() => DurableFile.WriteAllText(taken, "{}"));

        Assert.Equal([taken], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Save_FoldersOfTheUserBetweenTheCheckpoints_AreLeftAlone()
    {
        CheckpointFolders checkpoints = new(new RunDirectory(_folder.Path));
        string[] mine =
        [
            _folder.Write("checkpoints/step-00000002.tmp/kept", "mine"),
            _folder.Write("checkpoints/step-00000002.before.copy/kept", "mine"),
            _folder.Write("checkpoints/step-best/kept", "mine"),
            _folder.Write("checkpoints/step-00000001-mine/kept", "mine"),
        ];

        foreach (int step in (int[])[1, 2, 2, 3, 4])
        {
            checkpoints.Save(StateAt(step), _tensors);
        }

        Assert.All(mine, file => Assert.Equal("mine", File.ReadAllText(file)));
        using CheckpointReader? latest = checkpoints.Latest(message => Assert.Fail(message));
        Assert.Equal(4, latest?.State.Step);
        Assert.Equal(
            ["step-00000003", "step-00000004"],
            Directory.GetDirectories(Path.Combine(_folder.Path, "checkpoints")).Select(path => Path.GetFileName(path))
                .Except(mine.Select(file => Path.GetFileName(Path.GetDirectoryName(file)!))).Order());
    }

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
