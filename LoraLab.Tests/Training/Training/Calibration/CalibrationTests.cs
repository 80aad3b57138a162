using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Adapters.Methods;
using LoraLab.Training.Adapters.Peft;
using LoraLab.Training.Training;
using Xunit;

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

        // The exported adapter is the start of another run of the method.
        if (adapter.Modules.Count == 7 * 4)
        {
            spec["initFrom"] = folder;
            Assert.Equal(EndReason.Finished, trainer.Run(spec).Ended.Reason);
        }
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
