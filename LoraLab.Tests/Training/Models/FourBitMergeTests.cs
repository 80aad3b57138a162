using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Cli;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Models;

/// <summary>Merging adapters that were trained on a base in four bits.</summary>
public sealed class FourBitMergeTests : IDisposable
{
    private readonly TestTrainer _trainer = new(fixtures: true);

    [Theory]
    [InlineData("lora", "stories260K", "nf4-double")]
    [InlineData("pissa", "stories260K", "nf4")]
    [InlineData("lora", "nf4-stories260K/model-4bit", "asStored")]
    public void Merge_AdapterOnFourBits_IsWhatTheRunComputedWith(string method, string model, string form)
    {
        FinishedRun run = Trained(method, model, form);
        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        string merged = Path.Combine(_trainer.NewFolder(), "merged");
        string folder = _trainer.Services.Models.Find(model).Folder;

        PeftMerge.Write(folder, adapter, merged, trained: run.Prepared.Spec);

        LlamaConfig config = LlamaConfig.Read(merged);
        Assert.Equal(BaseWeights.AsStored, config.Form);
        using IDisposable scope = NewDisposeScope();
        using LlamaModel whole = LlamaLoader.Load(merged, config, float32, CPU);
        using var adapted = new EvaluationRequest(adapter, null, null, null, null, null).Prepare(_trainer.Services, out _);
        foreach ((LinearLayer layer, LinearLayer trained) in whole.Linears.Zip(adapted.Model.Linears))
        {
            Tensor expected_OI = trained.Adapter is Adapter update ? trained.Weight_OI.add(update.Delta(trained)) : trained.Weight_OI;
            Assert.Equal(0, TensorReader.Doubles(layer.Weight_OI.sub(expected_OI).abs().max().to(float64))[0], 1e-6);
        }
    }

    [Fact]
    public void Check_MergedModel_HasTheMetricsOfTheAdapter()
    {
        FinishedRun run = Trained("lora", "stories260K", "nf4");
        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        string merged = Path.Combine(_trainer.NewFolder(), "merged");
        PeftMerge.Write(_trainer.Services.Models.Find("stories260K").Folder, adapter, merged, trained: run.Prepared.Spec);

        IReadOnlyList<string> lines = MergeCheck.Run(_trainer.Services, adapter, null, merged);

        Assert.Contains(lines, line => line.StartsWith("eval/loss: ", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Matches(@": \S+ before, \S+ merged, difference \S+$", line));
    }

    public void Dispose() => _trainer.Dispose();

    private FinishedRun Trained(string method, string model, string form)
    {
        JsonObject spec = MicroSpec.For(method);
        (spec["model"], spec["baseWeights"], spec["maxSteps"]) = (model, form, 2);
        FinishedRun run = _trainer.Run(spec);
        Assert.Null(run.Ended.Error);
        return run;
    }
}
