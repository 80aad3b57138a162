using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Calibration;
using LoraLab.Training.Adapters.Methods;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Cli;
using LoraLab.Training.Models;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Calibration;
using Xunit;
using static TorchSharp.torch;

namespace LoraLab.Tests.Training.Training.Calibration;

/// <summary>The pass over calibration rows before training: its rows, cache, times, cancellation and refusals.</summary>
public sealed class CalibrationTests
{
    public static TheoryData<string> Methods =>
        [.. LoraMethods.All.Where(method => method.Calibrates).Select(method => method.Id)];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_SecondRun_TakesTheFactorsFromTheCache(string method)
    {
        using TestTrainer trainer = new();
        using PreparedRun first = Prepare(trainer, MicroSpec.For(method));
        using PreparedRun second = Prepare(trainer, MicroSpec.For(method));
        using PreparedRun otherRows = Prepare(trainer, With(method, "calibrationSamples", 8));

        Assert.Equal((0, first.Adapters.Count, 0), (first.CalibratedEarlier, second.CalibratedEarlier, otherRows.CalibratedEarlier));
        Assert.Equal(first.Calibration, second.Calibration);
        Assert.NotEqual(first.Calibration!.Sha256, otherRows.Calibration!.Sha256);
        foreach ((Adapter one, Adapter other) in first.Adapters.Zip(second.Adapters))
        {
            Assert.All(one.Tensors.Zip(other.Tensors), pair => Assert.Equal(pair.First.Value.bytes, pair.Second.Value.bytes));
        }
    }

    [Fact]
    public void Train_Calibrated_ReportsRowsAndTime()
    {
        using TestTrainer trainer = new();

        FinishedRun run = trainer.Run(With("eva", "calibrationSamples", 8));

        Assert.Contains(run.Events.OfType<ProgressMade>(), progress => progress is { Phase: "preparing", TotalSteps: 8 * 4 });
        Assert.True(run.Summary.PreparingSeconds > 0 && run.Prepared.PreparingSeconds == run.Summary.PreparingSeconds);
        JsonNode fingerprint = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Folder, RunFiles.Fingerprint)))!;
        Assert.Equal(8, (int)fingerprint["adapter"]!["calibration"]!["rows"]!);
    }

    [Fact]
    public void Train_CancelledWhileCalibrating_EndsAsCancelled()
    {
        using TestTrainer trainer = new();

        EndReason? ended = trainer.Attempt(trainer.NewFolder(), 1, MicroSpec.For("corda"), (workerEvent, stop) =>
        {
            if (workerEvent is ProgressMade { Phase: "preparing" })
            {
                stop.Cancel();
            }
        });

        Assert.Equal(EndReason.Cancelled, ended);
    }

    [Fact]
    public void Select_CalibratingMethod_CalibratesOnTheLastRowsAndEvaluatesOnOthers()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("eva");
        (spec["evalSplit"], spec["evalSamples"]) = ("selection", null);
        using RunData data = trainer.Services.Preparation().Read(trainer.Services.Validator.Validate(spec).Spec!);
        int[] calibrated = [.. data.Rows.Calibration.Select(row => row.Row)];
        int[] evaluated = [.. data.Rows.EvaluationRows().Select(row => row.Row)];

        Assert.Equal(LoraLab.Training.Data.NumpyRandom.Permutation(42, 8000)[^64..], calibrated);
        Assert.Empty(calibrated.Intersect(data.Rows.Train.Select(row => row.Row)));
        Assert.Empty(calibrated.Intersect(evaluated));
        Assert.DoesNotContain(data.Rows.Warnings, warning => warning.Contains("calibration", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(8000, null, "The run trains on all rows of dataset 'sample'")]
    [InlineData(7990, null, "Only 10 rows of dataset 'sample' are left")]
    [InlineData(100, 90, "10 of the 64 calibration rows are training rows")]
    public void Validate_CalibrationRowsThatAreNotOthers_Warns(int trained, int? offset, string part)
    {
        using TestTrainer trainer = new();
        JsonObject spec = With("eva", "calibrationOffset", offset);
        spec["trainSamples"] = trained;

        SpecValidation validation = trainer.Services.Validator.Validate(spec);

        Assert.Empty(validation.Errors);
        Assert.Contains(validation.Warnings, warning => warning.Contains(part, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("eva", "calibrationOffset", 7937, "methodOptions.calibrationOffset", "must be at most 7936")]
    [InlineData("corda", "calibrationSamples", 0, "methodOptions.calibrationSamples", "from 1 to")]
    [InlineData("corda", "mode", "both", "methodOptions.mode", "ipm, kpm")]
    [InlineData("lora-ga", "direction", "ArB3r", "methodOptions.direction", "ArB2r, ArBr, A2rBr, random")]
    [InlineData("eva", "rho", 9, "rank", "needs 36 components of every layer, but v_proj (32×64) has 32")]
    [InlineData("eva", "rho", "x", "methodOptions.rho", "must be a number")]
    [InlineData("lora", "calibrationSamples", 4, "methodOptions.calibrationSamples", "calibrationSamples")]
    public void Validate_BadOption_IsRefused(string method, string option, object value, string field, string part)
    {
        using TestTrainer trainer = new();

        FieldError error = Assert.Single(
            trainer.Services.Validator.Validate(With(method, option, JsonValue.Create(value))).Errors);

        Assert.Equal(field, error.Field);
        Assert.Contains(part, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_LoraGaOfARankThatLeavesNoSecondHalf_IsRefused()
    {
        using TestTrainer trainer = new();
        JsonObject spec = MicroSpec.For("lora-ga");
        spec["rank"] = 17;

        FieldError error = Assert.Single(trainer.Services.Validator.Validate(spec).Errors);

        Assert.Contains("lora-ga with rank 17 needs 34 components", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Ranks_SharesOfThreeLayers_GoToTheLargestAndTiesToTheFirst() =>
        Assert.Equal([3, 1, 2], EvaMethod.Ranks([[0.5f, 0.2f, 0.15f], [0.1f, 0.05f, 0.01f], [0.15f, 0.12f, 0.1f]], 6));

    [Fact]
    public void Train_EvaWithRedistribution_ExportsRanksAtTheSameScaling()
    {
        using TestTrainer trainer = new();
        JsonObject spec = With("eva", "rho", 8);
        (spec["rank"], spec["alpha"], spec["targetModules"]) = (2, 4, "all-linear");

        FinishedRun run = trainer.Run(spec);

        Assert.Equal(EndReason.Finished, run.Ended.Reason);
        string folder = Path.Combine(run.Folder, RunFiles.Adapter);
        PeftAdapter adapter = PeftAdapter.Read(folder);
        Assert.Equal(2 * 7 * 4, adapter.Modules.Values.Sum(module => module.Rank));
        Assert.True(adapter.Ranks.Count > 1);
        Assert.All(adapter.Scalings, scaling => Assert.Equal(2, scaling, 1e-12));
        JsonObject config = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, PeftFiles.Config)))!.AsObject();
        Assert.Equal(adapter.Modules.Keys.Order(StringComparer.Ordinal), config["target_modules"]!.AsArray().Select(name => (string)name!));
    }

    /// <summary>Layers that got no rank have no adapter, in the run and in everything that is made of its result.</summary>
    [Fact]
    public void Train_EvaWithLayersOfRankZero_ResumesEvaluatesMergesAndContinues()
    {
        using TestTrainer trainer = new();
        JsonObject spec = With("eva", "rho", 12);
        (spec["rank"], spec["alpha"], spec["targetModules"], spec["evalSamples"]) = (1, 2, "all-linear", 8);
        SpecValidation validation = trainer.Services.Validator.Validate(spec);
        FinishedRun run = trainer.Run(spec);
        string adapter = Path.Combine(run.Folder, RunFiles.Adapter);
        IReadOnlyList<string[]> last = run.Predictions(MicroSpec.Steps);

        // Some layers have none of the 28 ranks, so that the trainable parameters are not those of equal ranks.
        Assert.True(PeftAdapter.Read(adapter).Modules.Count < 28);
        Assert.NotEqual(validation.TrainableParameters, run.Prepared.TrainableParameters);
        (long fewest, long most) = DistributedRanks.Bounds(
            run.Prepared.Spec, trainer.Services.Models.Find("sample").Config, LoraMethods.Find("eva")!);
        Assert.InRange(run.Prepared.TrainableParameters, fewest, most);
        Assert.Contains(validation.Warnings, warning => warning.Contains("distributes the ranks", StringComparison.Ordinal));

        string folder = trainer.NewFolder();
        Assert.Null(trainer.Attempt(folder, 1, spec.DeepClone().AsObject(), (workerEvent, stop) =>
        {
            if (workerEvent is CheckpointSaved { Step: 2 })
            {
                stop.Abandon("stopped");
            }
        }));
        Assert.Equal(EndReason.Finished, trainer.Attempt(folder, 2, spec.DeepClone().AsObject()));
        Assert.Equal(run.ResultBytes(), FinishedRun.Read(folder, 2).ResultBytes());

        Assert.Equal(Scores(last), Evaluate(trainer, new(adapter, null, null, null, 8, null)), (a, b) => Math.Abs(a - b) < 1e-4);
        string merged = trainer.CopyOfSampleModel("merged");
        Directory.Delete(merged, recursive: true);
        PeftMerge.Write(trainer.Services.Models.Find("sample").Folder, adapter, merged);
        EvaluationRequest whole = new(null, "merged", null, "paper-literal", 8, null);
        Assert.Equal(Scores(last), Evaluate(trainer, whole), (a, b) => Math.Abs(a - b) < 1e-3);

        spec["initFrom"] = adapter;
        SpecValidation next = trainer.Services.Validator.Validate(spec);
        FinishedRun continued = trainer.Run(spec);
        Assert.True(continued.Ended.Reason == EndReason.Finished, continued.Ended.Error);
        Assert.Equal(run.Prepared.TrainableParameters, continued.Prepared.TrainableParameters);
        Assert.Equal(run.Prepared.TrainableParameters, next.TrainableParameters);
        Assert.Equal(Scores(last), Scores(continued.Predictions(0)), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    /// <summary>All directions and scales are of the same singular vectors: those that ArB2r and A2rBr have between them.</summary>
    [Fact]
    public void Prepare_LoraGaDirectionsAndScales_AreOfTheSameSingularVectors()
    {
        using TestTrainer trainer = new();
        using PreparedRun first = Start("ArB2r", "stable"), second = Start("A2rBr", "stable"), alternating = Start("ArBr", "stable"),
            random = Start("random", "stable"), other = Start("random", "stable", seed: 7), weight = Start("ArB2r", "weightSvd");
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();
        List<int[]> halves = [], otherHalves = [];
        foreach ((string module, LinearLayer layer) in first.Model.Linears.Where(layer => layer.Adapter is not null)
            .Select(layer => (layer.Name, layer)))
        {
            Tensor right_KI = cat([A(first, module), A(second, module)], 0);
            Tensor left_OK = cat([B(second, module), B(first, module)], 1);
            Assert.Equal([1, 3, 5, 7], Places(right_KI, A(alternating, module)));
            Assert.Equal([0, 2, 4, 6], Places(left_OK.t(), B(alternating, module).t()));
            foreach ((PreparedRun run, List<int[]> found) in new[] { (random, halves), (other, otherHalves) })
            {
                int[] ofA = Places(right_KI, A(run, module)), ofB = Places(left_OK.t(), B(run, module).t());
                Assert.Equal(Enumerable.Range(0, 8), ofA.Concat(ofB).Order());
                found.Add(ofA);
            }

            // The first column of U is a unit vector, so that of weightSvd has the length of the largest singular value of W.
            Tensor original_OI = layer.Weight_OI.Plus(B(first, module).mm(A(first, module)).mul(layer.Adapter!.Scaling));
            double largest = linalg.svdvals(original_OI)[0].item<float>();
            Assert.Equal(largest, B(weight, module)[.., 0].norm().item<float>(), 1e-4 * largest);
            Tensor ratio_OR = B(weight, module).div(B(first, module));
            Assert.Equal(ratio_OR.min().item<float>(), ratio_OR.max().item<float>(), 1e-3 * ratio_OR.max().item<float>());
            Assert.Equal([0, 1, 2, 3], Places(A(first, module), A(weight, module)));
        }

        Assert.NotEqual(halves, otherHalves);

        PreparedRun Start(string direction, string scale, long seed = 42)
        {
            JsonObject spec = With("lora-ga", "direction", direction);
            (spec["methodOptions"]!["scale"], spec["methodOptions"]!["calibrationSamples"], spec["seed"]) = (scale, 8, seed);
            return Prepare(trainer, spec);
        }

        Tensor A(PreparedRun run, string module) => run.Adapters.Single(adapter => adapter.Module == module)["lora_A"];

        Tensor B(PreparedRun run, string module) => run.Adapters.Single(adapter => adapter.Module == module)["lora_B"];

        // Where each row of the second matrix stands in the first.
        static int[] Places(Tensor all_KI, Tensor some_RI) =>
        [
            .. Enumerable.Range(0, (int)some_RI.shape[0])
                .Select(row => (int)all_KI.sub(some_RI[row]).abs().amax([1]).argmin().item<long>()),
        ];
    }

    /// <summary>What a backward pass keeps determines memory and time, but not a bit of the gradients.</summary>
    [Fact]
    public void Gradients_InSegmentsOfAnyLength_AreTheSameBits()
    {
        using TestTrainer trainer = new();
        JsonObject spec = With("lora-ga", "calibrationSamples", 4);
        spec["targetModules"] = "all-linear";
        RunSpec valid = trainer.Services.Validator.Validate(spec).Spec!;
        using RunData data = trainer.Services.Preparation().Read(valid);
        using LlamaModel model = LlamaLoader.Load(data.Model.Folder, data.Config, ScalarType.Float32, CPU);
        HashSet<LinearLayer> all = [.. model.Linears], upper = [.. model.Blocks[2].Linears];

        List<string> whole = Gradients(all, 1);
        Assert.Equal(4 * 7, whole.Count);
        Assert.All((int[])[2, 3, 4], length => Assert.Equal(whole, Gradients(all, length)));
        Assert.Equal(whole.Skip(7).Take(7), Gradients(upper, 3));
        Assert.Equal((1, 5), (GradientCheckpoints.SegmentLength(8), GradientCheckpoints.SegmentLength(22)));
        Assert.Equal((10, 11), (GradientCheckpoints.Streams(8), GradientCheckpoints.Streams(22)));

        // From the last block to the first.
        List<string> Gradients(IReadOnlySet<LinearLayer> layers, int length)
        {
            List<string> found = [];
            (int done, int total) progress = (0, 0);
            BlockwisePass pass = new(
                model, data.Rows.Calibration, layers, CancellationToken.None, (done, total) => progress = (done, total), length);
            pass.Gradients(valid.LossWeighting, (of, gradient_OI) =>
                found.Add($"{of[0].Name} {Convert.ToHexString(gradient_OI.cpu().bytes)}"));
            Assert.Equal(progress.total, progress.done);
            return found;
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public void Train_CalibratedOnCompletions_StartsAtTheBaseModel(string method)
    {
        using TestTrainer trainer = new();
        FinishedRun run = trainer.Run(Completions(method)), lora = trainer.Run(Completions("lora"));

        Assert.True(run.Ended.Reason == EndReason.Finished, run.Ended.Error);
        JsonNode fingerprint = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Folder, RunFiles.Fingerprint)))!;
        Assert.Equal(8, (int)fingerprint["adapter"]!["calibration"]!["rows"]!);
        double start = lora.Series(MetricKeys.EvalLoss)[0];
        Assert.Equal(start, run.Series(MetricKeys.EvalLoss)[0], 1e-4 * start);
        Assert.NotEqual(start, run.Series(MetricKeys.EvalLoss)[1]);

        static JsonObject Completions(string method)
        {
            JsonObject spec = method == "lora" ? MicroSpec.For(method) : With(method, "calibrationSamples", 8);
            (spec["dataset"], spec["maxSteps"], spec["evalSamples"]) = ("sample-instructions", 1, 4);
            return spec;
        }
    }

    /// <summary>Gradients and covariances of fp16 weights do not underflow: their principal direction is that of fp32.</summary>
    [Theory]
    [MemberData(nameof(Methods))]
    public void Prepare_InFp16_HasTheDirectionsOfFp32(string method)
    {
        using TestTrainer trainer = new();
        using PreparedRun half = In("fp16"), single = In("fp32");
        using IDisposable noGrad = no_grad();
        using IDisposable scope = NewDisposeScope();

        foreach ((Adapter one, Adapter other) in half.Adapters.Zip(single.Adapters))
        {
            Assert.All(one.Tensors, tensor => Assert.True(tensor.Value.isfinite().all().item<bool>()));
            (Tensor a_I, Tensor b_I) = (one["lora_A"][0].to(ScalarType.Float64), other["lora_A"][0].to(ScalarType.Float64));
            Assert.True(a_I.dot(b_I).abs().item<double>() > 0.99 * a_I.norm().item<double>() * b_I.norm().item<double>(), one.Module);
        }

        PreparedRun In(string precision)
        {
            JsonObject spec = With(method, "calibrationSamples", 8);
            spec["precision"] = precision;
            return Prepare(trainer, spec);
        }
    }

    [Theory]
    [InlineData("eva")]
    [InlineData("lora-ga")]
    public void Evaluate_SelectionSplit_SkipsTheRowsOnWhichTheAdapterCalibrated(string method)
    {
        using TestTrainer trainer = new();
        JsonObject spec = With(method, "calibrationOffset", 40);
        (spec["methodOptions"]!["calibrationSamples"], spec["maxSteps"]) = (32, 1);
        (spec["evalSplit"], spec["evalSamples"]) = ("selection", 32);
        FinishedRun run = trainer.Run(spec);

        using PreparedRun evaluated = new EvaluationRequest(
            Path.Combine(run.Folder, RunFiles.Adapter), null, null, null, null, EvalSplit.Selection).Prepare(trainer.Services, out _);

        Assert.Equal(run.Predictions(1).Select(row => row[0]), evaluated.Data.EvaluationRows().Select(row => $"{row.Row}"));
        Assert.Empty(evaluated.Data.Calibration);
    }

    private static IReadOnlyList<double> Scores(IEnumerable<string[]> rows) =>
        [.. rows.SelectMany(row => row.Skip(3)).Select(text => double.Parse(text, CultureInfo.InvariantCulture))];

    private static IReadOnlyList<double> Evaluate(TestTrainer trainer, EvaluationRequest request)
    {
        using PreparedRun run = request.Prepare(trainer.Services, out _);
        return Scores(run.Evaluation.Run(run.Model, CancellationToken.None).Predictions.Rows.Select(row => row.ToArray()));
    }

    private static JsonObject With(string method, string option, JsonNode? value)
    {
        JsonObject spec = MicroSpec.For(method);
        spec["methodOptions"] = new JsonObject { [option] = value };
        return spec;
    }

    private static PreparedRun Prepare(TestTrainer trainer, JsonObject spec) =>
        trainer.Services.Preparation().Prepare(trainer.Services.Validator.Validate(spec).Spec!, CancellationToken.None);
}
