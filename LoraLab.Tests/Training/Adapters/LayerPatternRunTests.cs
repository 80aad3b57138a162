using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Cli;
using LoraLab.Training.Models;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>
/// Runs whose layers differ in rank and alpha: trained, resumed, exported as PEFT reads it, evaluated, continued and merged.
/// <c>PeftTrajectoryTests</c> compares such a run with PEFT.
/// </summary>
public sealed class LayerPatternRunTests(GoldenRuns runs, ITestOutputHelper output) : IClassFixture<GoldenRuns>, IDisposable
{
    private const string Golden = "lora-patterns";
    private readonly TestTrainer _trainer = new();

    public void Dispose() => _trainer.Dispose();

    [Theory]
    [InlineData("lora", false, 1)]
    [InlineData("lora", true, 1)]
    [InlineData("lora-swapped", false, 1)]
    [InlineData("lora-plus", false, 1)]
    [InlineData("lora-xs", false, 1)]
    [InlineData("pissa", false, 2)]
    [InlineData("pissa", true, 2)]
    public void Train_RanksAndAlphasByPattern_AreThoseOfTheExportedAdapter(string method, bool rankStabilized, int growth)
    {
        FinishedRun run = Run(Spec(method, rankStabilized));

        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(adapter, PeftFiles.Config)))!;
        Assert.Equal($$"""{"layers.1.self_attn.v_proj":{{2 * growth}},"q_proj":{{8 * growth}}}""", config["rank_pattern"]!.ToJsonString());
        Assert.Equal(4 * growth, (int)config["r"]!);
        double alphaGrowth = rankStabilized ? Math.Sqrt(growth) : growth;
        Assert.Equal(8 * alphaGrowth, (double)config["lora_alpha"]!, 1e-12);
        Assert.Equal(4 * alphaGrowth, (double)config["alpha_pattern"]!["down_proj"]!, 1e-12);
        Assert.Equal("[0,1,3]", config["layers_to_transform"]!.ToJsonString());
        Assert.Equal("""["up_proj","layers.3.self_attn.o_proj"]""", config["exclude_modules"]!.ToJsonString());
        PeftAdapter read = PeftAdapter.Read(adapter);
        Assert.Equal((3 * 6) - 1, read.Modules.Count);
        Assert.Equal(growth * 8, read.Modules["model.layers.3.self_attn.q_proj"].Rank);
        Assert.Equal(growth * 2, read.Modules["model.layers.1.self_attn.v_proj"].Rank);
        Assert.Equal(growth * 4, read.Modules["model.layers.0.self_attn.v_proj"].Rank);
        Assert.Equal(8 / (rankStabilized ? Math.Sqrt(8) : 8), read.Modules["model.layers.0.self_attn.q_proj"].Scaling, 1e-12);
        Assert.Equal(4 / (rankStabilized ? Math.Sqrt(4) : 4), read.Modules["model.layers.0.mlp.down_proj"].Scaling, 1e-12);
        Assert.DoesNotContain("model.layers.2.self_attn.q_proj", read.Modules.Keys);
        Assert.Equal(
            _trainer.Services.Validator.Validate(Spec(method, rankStabilized)).TrainableParameters, run.Prepared.TrainableParameters);
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("lora-xs")]
    [InlineData("pissa")]
    public void Train_StoppedAndResumed_EndsWithTheSameBytes(string method)
    {
        FinishedRun whole = Run(Spec(method));
        string folder = _trainer.NewFolder();

        _trainer.Attempt(folder, 1, Spec(method), (happened, stop) =>
        {
            if (happened is MetricsRecorded { Steps: [.., 2] } recorded && recorded.Values.ContainsKey(MetricKeys.TrainLoss))
            {
                stop.Abandon("stopped by the test");
            }
        }, new LeapingClock());
        EndReason? ended = _trainer.Attempt(folder, 2, Spec(method));

        Assert.Equal(EndReason.Finished, ended);
        Assert.Equal(2, FinishedRun.Read(folder, 2).Prepared.ResumedFrom);
        Assert.Equal(Weights(whole.Folder), Weights(folder));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("lora-xs")]
    [InlineData("pissa")]
    public void Evaluate_ExportedAdapter_GivesTheScoresOfTheRun(string method)
    {
        FinishedRun run = Run(Spec(method));

        JsonObject evaluated = Evaluated(Path.Combine(run.Folder, RunFiles.Adapter), _trainer);
        FinishedRun again = Run(evaluated);

        string[] trained = [.. run.Predictions(MicroSpec.Steps).SelectMany(row => row.Skip(3))];
        string[] reloaded = [.. again.Predictions(0).SelectMany(row => row.Skip(3))];
        Assert.All(trained.Zip(reloaded, (before, after) => Math.Abs(Number(before) - Number(after))), difference =>
            Assert.InRange(difference, 0, 2e-3));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("lora-xs")]
    [InlineData("pissa")]
    public void Merge_ExportedAdapter_GivesTheLogitsOfTheAdaptedModel(string method)
    {
        string adapter = Path.Combine(Run(Spec(method)).Folder, RunFiles.Adapter);
        string merged = Path.Combine(_trainer.NewFolder(), "merged");
        string model = _trainer.Services.Models.Find("sample").Folder;

        Assert.Equal((3 * 6) - 1, PeftMerge.Write(model, adapter, merged));

        LlamaConfig config = LlamaConfig.Read(model);
        using LlamaModel whole = LlamaLoader.Load(merged, config, float32, CPU);
        using LlamaModel adapted = LlamaLoader.Load(model, config, float32, CPU);
        PeftImport.Attach(adapter, [.. adapted.Linears]);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        Tensor ids_BT = arange(3, 40, int64).unsqueeze(0);
        Tensor expected_BTD = adapted.Hidden(ids_BT, ForwardPass.Plain);
        double difference = whole.Hidden(ids_BT, ForwardPass.Plain).sub(expected_BTD).abs().max().item<float>();
        Assert.InRange(difference, 0, 1e-5 * expected_BTD.abs().max().item<float>());
    }

    [Fact]
    public void Validate_StartFromAnAdapterWithPatterns_NeedsTheSamePatterns()
    {
        string adapter = Path.Combine(Run(Spec("lora")).Folder, RunFiles.Adapter);
        JsonObject same = Spec("lora");
        same["initFrom"] = adapter;

        Assert.Empty(_trainer.Services.Validator.Validate(same).Errors);
        Assert.Contains(
            "has rank 8 for 'model.layers.0.self_attn.q_proj', but the run has rank 4 there; set rank and rankPattern as in the adapter",
            Refusal(same, "rankPattern"), StringComparison.Ordinal);
        Assert.Contains("has no factors for 'model.layers.2.", Refusal(same, "layersToTransform"), StringComparison.Ordinal);
        Assert.Contains("but the run adapts down_proj, gate_proj, k_proj", Refusal(same, "excludeModules"), StringComparison.Ordinal);
        same.Remove("alphaPattern");
        string warning = Assert.Single(_trainer.Services.Validator.Validate(same).Warnings, warning => warning.Contains("scaling"));
        Assert.Contains("s = 1 (lora_alpha 8), but the run uses s = 2, ", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Evaluate_AdapterOfPeft_GivesItsScores()
    {
        (JsonObject golden, string folder) = PeftGoldens.Load(Golden);
        Deviations deviations = new(output, $"peft/{Golden}/trained");
        using TestTrainer fixtures = new(fixtures: true);
        JsonObject spec = Evaluated(Path.Combine(folder, "trained"), fixtures);

        FinishedRun run = runs.RunSmall(spec, "auto", changed => changed["evalSamples"] = 64);

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        foreach (JsonNode? row in golden["evalFirst64"]!.AsArray())
        {
            string[] scored = run.Predictions(0)[(int)row!["row"]!];
            deviations.Absolute("label score", $"row {scored[0]}", (double)row["logprobNegative"]!, Number(scored[3]), 1e-3);
            deviations.Absolute("label score", $"row {scored[0]}", (double)row["logprobPositive"]!, Number(scored[4]), 1e-3);
        }

        deviations.AssertWithinLimits();
    }

    /// <summary>The specification by which <c>evaluate</c> answers, as a run of one step whose first evaluation is that answer.</summary>
    private static JsonObject Evaluated(string adapter, TestTrainer trainer)
    {
        RunSpec spec = new EvaluationRequest(adapter, null, null, null, null, null).Resolve(trainer.Services).Spec;
        return SpecFieldCatalog.ToJson(spec with { MaxSteps = 1, Precision = Precision.Fp32 });
    }

    private FinishedRun Run(JsonObject spec)
    {
        FinishedRun run = _trainer.Run(spec);
        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        return run;
    }

    private string Refusal(JsonObject spec, string without)
    {
        JsonObject changed = spec.DeepClone().AsObject();
        changed.Remove(without);
        return Assert.Single(_trainer.Services.Validator.Validate(changed).Errors).Message;
    }

    private static JsonObject Spec(string method, bool rankStabilized = false)
    {
        JsonObject spec = MicroSpec.For(method);
        spec["rankStabilized"] = rankStabilized;
        spec["targetModules"] = TargetModules.AllLinearWord;
        spec["layersToTransform"] = new JsonArray(0, 1, 3);
        spec["excludeModules"] = new JsonArray("up_proj", "layers.3.self_attn.o_proj");
        spec["rankPattern"] = new JsonObject { ["layers.1.self_attn.v_proj"] = 2, ["q_proj"] = 8 };
        spec["alphaPattern"] = new JsonObject { ["down_proj"] = 4 };
        return spec;
    }

    private static byte[] Weights(string folder) => File.ReadAllBytes(Path.Combine(folder, RunFiles.Adapter, PeftFiles.Weights));

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
