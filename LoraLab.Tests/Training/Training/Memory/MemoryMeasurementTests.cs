using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Torch;
using Xunit;

namespace LoraLab.Tests.Training.Training.Memory;

/// <summary>Compares the estimate with the peak resident set of a real run in its own process, at TinyLlama's exact widths.</summary>
[Trait("Category", "Long")]
public sealed class MemoryMeasurementTests : IDisposable
{
    private const string FullSizeVariable = "LORALAB_MEMORY_CELLS";
    private const double Tolerance = 0.1;
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Estimate_TwoBlocks_IsWithinATenthOfTheMeasuredPeak()
    {
        RequireMemory(gibibytes: 3);
        MakeModel(layers: 2);

        // A CPU that only emulates bf16 needs minutes per step.
        string precision = PrecisionRule.CpuHasBf16() ? "bf16" : "fp32";
        Compare(Spec("lora", 8, null, new() { ["maxSteps"] = 5, ["trainSamples"] = 80, ["precision"] = precision }));
    }

    [Theory]
    [InlineData("lora", 32, "all-linear", null, "bf16")]
    [InlineData("lora", 8, null, 100, "bf16")]
    [InlineData("lora", 8, null, null, "fp32")]
    [InlineData("pissa", 8, null, null, "bf16")]
    public void Estimate_AllBlocks_IsWithinATenthOfTheMeasuredPeak(
        string method, int rank, string? targets, int? packTokens, string precision)
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable(FullSizeVariable) == "1",
            $"This test takes minutes and gigabytes; set {FullSizeVariable}=1 to run it.");
        Assert.SkipUnless(precision == "fp32" || PrecisionRule.CpuHasBf16(), "This CPU has no bf16 instructions: a step would take hours.");
        RequireMemory(gibibytes: 8);
        MakeModel(layers: 22);
        JsonObject options = method == "pissa" ? new() { ["svdIterations"] = 1 } : [];

        Compare(Spec(method, rank, targets, new() { ["packTokens"] = packTokens, ["precision"] = precision, ["methodOptions"] = options }));
    }

    private void Compare(JsonObject spec)
    {
        string file = _folder.Write("spec.json", spec.ToJsonString());
        string run = Path.Combine(_folder.Path, "run");
        TrainerProgram trainer = new(Path.Combine(_folder.Path, "data"))
        {
            Models = Path.Combine(_folder.Path, "models"),
            Datasets = Path.GetDirectoryName(Fixtures.Sst2),
        };

        TrainerProgram.Ended estimated = trainer.Run(TimeSpan.FromMinutes(5), "estimate", "--spec", file, "--json");
        Assert.True(estimated.ExitCode == ExitCodes.Success, estimated.Error);
        TrainerProgram.Ended trained = trainer.Run(TimeSpan.FromMinutes(20), "train", "--spec", file, "--out", run);
        Assert.True(trained.ExitCode == ExitCodes.Success, trained.Output);

        MemoryEstimate estimate = JsonSerializer.Deserialize<MemoryEstimate>(estimated.Output, ContractJson.Options)!;
        FinishedRun finished = FinishedRun.Read(run);
        Assert.SkipUnless(
            finished.Prepared.Environment.MemorySource == "peak resident set",
            "This system does not report the peak resident set of a process.");
        double measured = finished.Summary.PeakMemoryMb!.Value;
        TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(
            $"estimate {estimate.TrainingMb:F0} MiB, measured {measured:F0} MiB, {(estimate.TrainingMb / measured) - 1:P1}"));
        Assert.InRange(estimate.TrainingMb, measured * (1 - Tolerance), measured * (1 + Tolerance));
    }

    private void MakeModel(int layers)
    {
        TrainerProgram.Ended made = new TrainerProgram(_folder.Path).Run(
            TimeSpan.FromMinutes(5), "make-model", "--like", "tinyllama", "--layers", $"{layers}", "--out",
            Path.Combine(_folder.Path, "models", "random"), "--tokenizer", Fixtures.TinyLlamaTokenizer);
        Assert.True(made.ExitCode == ExitCodes.Success, made.Error);
    }

    private static JsonObject Spec(string method, int rank, string? targets, JsonObject changes)
    {
        JsonObject spec = new()
        {
            ["model"] = "random",
            ["dataset"] = "sst2",
            ["method"] = method,
            ["rank"] = rank,
            ["targetModules"] = targets is null ? new JsonArray("q_proj", "v_proj") : targets,
            ["trainSamples"] = 48,
            ["maxSteps"] = 3,
            ["evalSamples"] = 8,
            ["evalEvery"] = 100,
            ["precision"] = "bf16",
            ["device"] = "cpu",
        };
        foreach ((string field, JsonNode? value) in changes)
        {
            spec[field] = value?.DeepClone();
        }

        return spec;
    }

    private static void RequireMemory(int gibibytes)
    {
        const string MemInfo = "/proc/meminfo";
        Assert.SkipUnless(File.Exists(MemInfo), "Peak resident sets are measured on Linux.");
        string line = File.ReadLines(MemInfo).First(line => line.StartsWith("MemAvailable:", StringComparison.Ordinal));
        long kilobytes = long.Parse(
            line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.SkipUnless(
            kilobytes >= (long)gibibytes << 20,
            $"This test needs {gibibytes} GiB of free memory, but only {kilobytes >> 20} GiB are available.");
    }
}
