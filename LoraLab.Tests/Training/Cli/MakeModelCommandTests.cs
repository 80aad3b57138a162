using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Weights;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Cli;

public sealed class MakeModelCommandTests : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(1);
    private static readonly string _sample = Path.Combine(Fixtures.RepositoryRoot, "samples", "model");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("bf16", ScalarType.BFloat16)]
    [InlineData("fp32", ScalarType.Float32)]
    public void MakeModel_LikeAFile_LoadsWithRandomWeights(string dtype, ScalarType type)
    {
        string model = Make("--like", Path.Combine(_sample, "config.json"), "--layers", "3", "--dtype", dtype);

        LlamaConfig config = LlamaConfig.Read(model);
        Assert.Equal(3, config.Layers);
        using LlamaModel loaded = LlamaLoader.Load(model, config, float32, CPU);
        using (CheckpointWeights weights = CheckpointWeights.Open(model))
        {
            Assert.All(weights.Names, name => Assert.Equal(type == ScalarType.BFloat16 ? "BF16" : "F32", weights.Dtype(name)));
        }

        using IDisposable scope = NewDisposeScope();
        Assert.Equal(1, loaded.FinalNorm.Weight_D.min().item<float>());
        Assert.InRange(loaded.Embedding_VD.std().item<float>(), 0.019, 0.021);
        Assert.InRange(loaded.Embedding_VD.mean().abs().item<float>(), 0, 0.001);
    }

    [Fact]
    public void MakeModel_SameSeed_SameBytes()
    {
        string like = Path.Combine(_sample, "config.json");
        byte[] first = File.ReadAllBytes(Path.Combine(Make("--like", like, "--seed", "7"), "model.safetensors"));

        Assert.Equal(first, File.ReadAllBytes(Path.Combine(Make("--like", like, "--seed", "7"), "model.safetensors")));
        Assert.NotEqual(first, File.ReadAllBytes(Path.Combine(Make("--like", like, "--seed", "8"), "model.safetensors")));
    }

    [Fact]
    [Trait("Category", "Exhaustive")]
    public void MakeModel_WithATokenizer_TrainsAStep()
    {
        Make("--like", Path.Combine(_sample, "config.json"), "--tokenizer", _sample);
        JsonObject spec = MicroSpec.For("lora");
        (spec["model"], spec["maxSteps"]) = ("made1", 1);
        string run = Path.Combine(_folder.Path, "run");

        TrainerProgram.Ended ended = new TrainerProgram(_folder.Path) { Models = _folder.Path }
            .Run(_timeout, "train", "--spec", _folder.Write("spec.json", spec.ToJsonString()), "--out", run);

        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Output);
        Assert.Equal(EndReason.Finished, FinishedRun.Read(run).Ended.Reason);
    }

    [Theory]
    [InlineData("gpt2", "bf16", "2", "neither a known shape (tinyllama) nor a file")]
    [InlineData("tinyllama", "int8", "2", "--dtype is 'int8'; it must be bf16 or fp32.")]
    [InlineData("tinyllama", "bf16", "0", "--layers is 0; it must be at least 1.")]
    public void MakeModel_BadInput_IsOneMessage(string like, string dtype, string layers, string message)
    {
        TrainerProgram.Ended ended = new TrainerProgram(_folder.Path)
            .Run(_timeout, "make-model", "--like", like, "--dtype", dtype, "--layers", layers, "--out", Path.Combine(_folder.Path, "none"));

        Assert.Equal(ExitCodes.Failure, ended.ExitCode);
        Assert.Contains(message, ended.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder.Path, "none")));
    }

    [Fact]
    public void MakeModel_ExistingModel_IsNotOverwritten()
    {
        string like = Path.Combine(_sample, "config.json");
        string model = Make("--like", like);

        TrainerProgram.Ended ended = new TrainerProgram(_folder.Path).Run(_timeout, "make-model", "--like", like, "--out", model);

        Assert.Equal(ExitCodes.Failure, ended.ExitCode);
        Assert.Contains("already contains a model", ended.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void KnownShapes_TinyLlama_IsThePaperModel()
    {
        string file = _folder.Write("config.json", NamedShapes.Find("tinyllama")!.ToJsonString());

        Assert.Equal(1_100_048_384, LlamaConfig.ReadFile(file).ParameterCount);
    }

    private string Make(params string[] arguments)
    {
        string output = Path.Combine(_folder.Path, $"made{Directory.GetDirectories(_folder.Path, "made*").Length + 1}");
        TrainerProgram.Ended ended = new TrainerProgram(_folder.Path).Run(_timeout, ["make-model", .. arguments, "--out", output]);
        Assert.True(ended.ExitCode == ExitCodes.Success, ended.Error);
        return output;
    }
}
