using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Models;
using LoraLab.Training.Models.Memory;
using LoraLab.Training.Models.Packed;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Memory;
using Xunit;

namespace LoraLab.Tests.Training.Models.Memory;

/// <summary>The calibration of a method counts in its memory.</summary>
public sealed class CalibrationMemoryTests
{
    private const double Mebibyte = 1024 * 1024;
    private const int Hidden = 2048, Inner = 5632, Rows = 64, RowTokens = 60;

    private static readonly LlamaConfig _config = new()
    {
        ModelType = "llama",
        HiddenSize = Hidden,
        IntermediateSize = Inner,
        Layers = 22,
        Heads = 32,
        KeyValueHeadsOrNull = 4,
        VocabularySize = 32000,
        ContextLength = 2048,
    };

    public static TheoryData<string> Calibrated => [.. LoraMethods.All.Where(method => method.Calibrates).Select(method => method.Id)];

    [Theory]
    [MemberData(nameof(Calibrated))]
    public void Calibration_OfALargeModel_HasRoomForWhatIsMeasuredInABlock(string method)
    {
        MemoryEstimate estimate = MemoryEstimator.Of(Request(method, calibrates: true));

        // Four inputs of a block, or the gradients of its seven weights, in float64; the rows' residual streams, once or for each block.
        double covariances = sizeof(double) * ((3.0 * Hidden * Hidden) + ((double)Inner * Inner));
        double gradients = sizeof(double) * ((2.0 * Hidden * Hidden) + (2.0 * Hidden * 256) + (3.0 * Hidden * Inner));
        double stream = sizeof(float) * (double)Hidden * Rows * RowTokens;
        double least = (method == "lora-ga" ? gradients + (22 * stream) : covariances + stream) / Mebibyte;
        Assert.InRange(estimate.CalibrationMb, least, 6 * least);
        Assert.Equal(MemoryPeak.Calibration, estimate.Peak);
        Assert.True(estimate.TotalMb >= estimate.WeightsMb + estimate.AdaptersMb + estimate.CalibrationMb);
        MemoryEstimate without = MemoryEstimator.Of(Request(method, calibrates: false));
        Assert.Equal(0, without.CalibrationMb);
        Assert.True(without.TotalMb < estimate.TotalMb);
    }

    [Fact]
    public void Forecast_OfACalibratedRun_TakesTheRowsOfItsCalibration()
    {
        using TestTrainer trainer = new();
        RunSpec spec = trainer.Services.Validator.Validate(MicroSpec.For("corda")).Spec!;
        using RunData data = RunData.Read(spec, trainer.Services.Models, trainer.Services.Datasets);

        MemoryEstimate estimate = new MemoryForecast(spec, data).Estimate;

        Assert.NotEmpty(data.Rows.Calibration);
        Assert.True(estimate.CalibrationMb > 0);
    }

    private static MemoryRequest Request(string method, bool calibrates)
    {
        RunSpec spec = new()
        {
            Method = method,
            Rank = 8,
            Precision = Precision.Fp32,
            TargetModules = TargetModules.AllLinear,
            MethodOptions = LoraMethods.Find(method)!.Complete([], []),
        };
        return new()
        {
            Config = _config,
            Spec = spec,
            Adapters = MemoryRequest.AdaptersOf(spec, _config),
            Training = [PassShape.Largest(1, 32, prefix: 0)],
            Evaluation = [PassShape.Largest(1, 32, prefix: 0) with { HeadRows = 1 }],
            Calibration = calibrates ? new(Rows * RowTokens, RowTokens) : null,
        };
    }
}
