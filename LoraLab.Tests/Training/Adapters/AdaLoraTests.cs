using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Models;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Adapters;

/// <summary>AdaLoRA: its pruning against PEFT's at every step, its regularization, and what it refuses.</summary>
public sealed class AdaLoraTests(GoldenRuns runs) : IClassFixture<GoldenRuns>
{
    public static TheoryData<string, string> References => new()
    {
        { "adalora-qv", "1" },
        { "adalora-all", "auto" },
    };

    [Theory]
    [MemberData(nameof(References))]
    public void Train_ReferenceOfPeft_HasItsRanksAfterEveryStep(string name, string microBatch)
    {
        (JsonObject golden, string folder) = PeftGoldens.Load(name);
        JsonArray steps = golden["train"]!.AsArray();
        using OpenRun run = runs.OpenSmall(PeftGoldens.Spec(golden, folder: null), GoldenRuns.MicroBatch(microBatch));
        PeftGoldens.CopyStart(folder, run.Prepared);
        List<int[]> ranks = [];

        Assert.Null(run.Run((prepared, _) => ranks.Add(Ranks(prepared))));

        ranks.Add(Ranks(run.Prepared));
        Assert.Equal(
            steps.Select(step => string.Join(' ', step!["ranks"]!.AsArray())), ranks.Skip(1).Select(step => string.Join(' ', step)));
        Assert.All(steps.Zip(run.Reported(MetricKeys.TrainLoss)), pair =>
            Assert.Equal((double)pair.First!["loss"]!, pair.Second.Value, 1e-5 * pair.Second.Value));
        Assert.All(steps.Zip(run.Reported(MetricKeys.TrainGradNorm)), pair =>
            Assert.Equal((double)pair.First!["gradNorm"]!, pair.Second.Value, 1e-5 * pair.Second.Value));
    }

    [Theory]
    [InlineData("adalora-qv")]
    [InlineData("adalora-all")]
    public void Attach_PrunedAdapterOfPeft_HasTheRanksOfItsLayers(string name)
    {
        (JsonObject golden, string folder) = PeftGoldens.Load(name);
        using TestTrainer trainer = new(fixtures: true);
        string weights = trainer.Services.Models.Find("stories260K").Folder;
        using LlamaModel model = LlamaLoader.Load(weights, LlamaConfig.Read(weights), float32, CPU);

        PeftImport.Attach(Path.Combine(folder, "trained"), [.. model.Linears]);

        double scaling = (double)golden["peft"]!["lora_alpha"]! / ((double)golden["peft"]!["init_r"]! + 1e-5);
        LinearLayer[] adapted = [.. model.Linears.Where(linear => linear.Adapter is not null)];
        Assert.Equal(
            golden["train"]!.AsArray()[^1]!["ranks"]!.AsArray().Select(rank => (long)rank!),
            adapted.Select(linear => linear.Adapter!["lora_E"].numel()));
        Assert.All(adapted, linear =>
        {
            using Tensor delta_OI = linear.Adapter!.Delta(linear);
            Assert.Equal(linear.Adapter["lora_E"].numel() == 0, delta_OI.count_nonzero().item<long>() == 0);
            Assert.Equal(scaling, linear.Adapter.Scaling, 1e-12);
        });
    }

    [Fact]
    public void AddGradients_AnyFactors_AddsThatOfTheRegularization()
    {
        RunSpec spec = AdaptedLlama.SpecOf("adalora", options: new JsonObject { ["orthogonalWeight"] = 0.3 });
        using AdaptedLlama adapted = AdaptedLlama.Create(spec, ScalarType.Float64).Perturb(3).InFloat64();
        using IDisposable scope = NewDisposeScope();
        List<Tensor> norms = [];
        foreach (AdapterParameter parameter in adapted.Parameters)
        {
            parameter.Value.grad = zeros_like(parameter.Value).requires_grad_(false);
            if (parameter.Part != "lora_E")
            {
                Tensor p = parameter.Value;
                Tensor gram = parameter.Part == "lora_A" ? p.mm(p.t()) : p.t().mm(p);
                norms.Add(gram.sub(eye(4, dtype: float64)).square().sum().sqrt());
            }
        }

        using StepHooks hooks = LoraMethods.Find("adalora")!.Hooks(spec, adapted.Adapters, steps: 10)!;
        using (no_grad())
        {
            hooks.AddGradients(lossScale: 1024);
        }

        using Tensor found = adapted.Gradient().mul(1.0 / 1024);
        adapted.Parameters.ToList().ForEach(parameter => parameter.Value.grad!.zero_());
        stack(norms).mean().Times(0.3).backward();
        using Tensor expected = adapted.Gradient();

        Assert.InRange(found.sub(expected).abs().max().item<double>(), 0, 1e-12);
        Assert.True(expected.abs().max().item<double>() > 1e-4);
    }

    [Fact]
    public void AfterUpdate_SkippedStep_ChangesNothing()
    {
        RunSpec spec = AdaptedLlama.SpecOf(
            "adalora", options: new JsonObject { ["tInit"] = 0, ["tFinal"] = 2, ["targetRank"] = 1 });
        using AdaptedLlama adapted = AdaptedLlama.Create(spec).Perturb(3);
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        using StepHooks hooks = LoraMethods.Find("adalora")!.Hooks(spec, adapted.Adapters, steps: 10)!;
        Tensor factor = ones(1), skipped = ones(1), applied = zeros(1);

        SetGradients(1);
        hooks.AfterUpdate(1, factor, applied);
        float[][] before = State();
        foreach (int step in (int[])[2, 9, 10])
        {
            SetGradients(float.NaN);
            hooks.AfterUpdate(step, factor, skipped);
        }

        Assert.Equal(before, State());
        SetGradients(1);
        hooks.AfterUpdate(2, factor, applied);
        Assert.NotEqual(before, State());
        Assert.Contains(adapted.Parameters, parameter =>
            parameter.Part == "lora_E" && parameter.Value.count_nonzero().item<long>() < 4);

        float[][] State() => [.. hooks.State.Select(state => state.Value).Concat(adapted.Parameters.Select(parameter => parameter.Value))
            .Select(TensorReader.Floats)];

        void SetGradients(float value) => adapted.Parameters.ToList().ForEach(parameter =>
            parameter.Value.grad = parameter.Value.detach().clone().mul(value));
    }

    [Fact]
    public void Train_Defaults_FollowFromTheRun()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("adalora");
        spec["rank"] = 5;
        (spec["trainSamples"], spec["effectiveBatch"], spec["evalEvery"], spec["evalSamples"]) = (40, 2, 10, 4);

        FinishedRun run = trainer.Run(spec);

        JsonObject options = run.Prepared.Spec.MethodOptions;
        Assert.Equal((2, 2, 6), ((int)options["targetRank"]!, (int)options["tInit"]!, (int)options["tFinal"]!));
        string[] lines = [.. File.ReadLines(Path.Combine(run.Folder, RunFiles.Attempt(1), "log.txt"))];
        IReadOnlyDictionary<int, double> ranks = run.Series(MetricKeys.AdapterRank);
        Assert.Equal([10, 20], ranks.Keys);
        Assert.True(ranks[10] is > 2 and < 5 && ranks[20] == 2, $"{ranks[10]}, {ranks[20]}");
        Assert.Equal(new MetricSummary { Last = 2 }, run.Summary[MetricKeys.AdapterRank]);
        // Eight layers of the starting rank 5 and the target rank 2.
        Assert.Contains(lines, line => line.Contains("step 20: 16 of 40 triplets: q_proj", StringComparison.Ordinal));
        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(adapter, "adapter_config.json")))!;
        Assert.Equal(("ADALORA", 5, 2, 20), (
            (string)config["peft_type"]!, (int)config["init_r"]!, (int)config["target_r"]!, (int)config["total_step"]!));
        Assert.Equal(16, config["rank_pattern"]!.AsObject().Sum(layer => layer.Value!.AsArray().Count(kept => (bool)kept!)));
    }

    [Theory]
    [InlineData("""{"targetRank":5}""", "methodOptions.targetRank", "must be at most the starting rank 4 (rank); it is 5.")]
    [InlineData("""{"targetRank":0}""", "methodOptions.targetRank", "must be from 1 to")]
    [InlineData("""{"targetRank":"half"}""", "methodOptions.targetRank", "must be an integer")]
    [InlineData("""{"tInit":3}""", "methodOptions.tInit", "must leave steps between them, but the run has 4")]
    [InlineData("""{"tFinal":4}""", "methodOptions.tFinal", "must leave steps between them, but the run has 4")]
    [InlineData("""{"deltaT":0}""", "methodOptions.deltaT", "must be at least 1")]
    [InlineData("""{"beta1":2}""", "methodOptions.beta1", "must be from 0 to 1")]
    [InlineData("""{"rankPattern":1}""", "methodOptions.rankPattern", "is not a known key")]
    public void Validate_OptionThatDoesNotFit_IsRefused(string options, string field, string part)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("adalora");
        spec["methodOptions"] = JsonNode.Parse(options);

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Equal(field, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    /// <summary>The target is a mean over the layers, so that it may be above the lowest and must not be above the mean.</summary>
    [Theory]
    [InlineData(2, 3, null)]
    [InlineData(2, 4, "must be at most the mean starting rank 3 of the layers (rankPattern); it is 4.")]
    [InlineData(10, 6, null)]
    [InlineData(10, 8, "must be at most the mean starting rank 7 of the layers (rankPattern); it is 8.")]
    public void Validate_TargetRankWithPattern_IsComparedWithTheMean(int ofQueries, int target, string? refused)
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("adalora");
        spec["rankPattern"] = new JsonObject { ["q_proj"] = ofQueries };
        spec["methodOptions"] = new JsonObject { ["targetRank"] = target };

        SpecValidation validation = trainer.Services.Validator.Validate(spec);

        Assert.Equal(refused is null ? 0 : 1, validation.Errors.Count);
        Assert.All(validation.Errors, error => Assert.EndsWith(refused!, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_RankStabilized_IsRefused()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("adalora");
        spec["rankStabilized"] = true;

        Assert.Equal("rankStabilized", Assert.Single(trainer.Services.Validator.Validate(spec).Errors).Field);
    }

    private static int[] Ranks(PreparedRun run) =>
        [.. run.Adapters.Select(adapter => (int)adapter["lora_E"].count_nonzero().item<long>())];
}
