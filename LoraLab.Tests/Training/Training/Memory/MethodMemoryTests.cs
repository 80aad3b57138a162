using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using LoraLab.Training.Adapters;
using LoraLab.Training.Cli;
using LoraLab.Training.Files;
using LoraLab.Training.Torch;
using LoraLab.Training.Training;
using LoraLab.Training.Training.Memory;
using Xunit;

namespace LoraLab.Tests.Training.Training.Memory;

/// <summary>
/// Compares the estimate of every registered method with the peak resident set of a real run in its own process: TinyLlama's widths, two
/// blocks. Without <see cref="CellsVariable"/>, one method of each kind of memory, in fp32.
/// </summary>
/// <param name="model">The model of all runs.</param>
[Trait("Category", "Exhaustive")]
public sealed class MethodMemoryTests(MethodMemoryTests.RandomModel model) : IClassFixture<MethodMemoryTests.RandomModel>
{
    private const string CellsVariable = "LORALAB_MEMORY_CELLS";
    private const double Tolerance = 0.15;

    public static TheoryData<string> Kinds => [.. LoraMethods.All.DistinctBy(Kind).Select(method => method.Id)];

    public static TheoryData<string, int, string, string> Cells
    {
        get
        {
            TheoryData<string, int, string, string> cells = [];
            foreach (string method in LoraMethods.All.Select(method => method.Id))
            {
                cells.Add(method, 8, "q_proj,v_proj", "fp32");
                cells.Add(method, 8, "q_proj,v_proj", "bf16");
                cells.Add(method, 32, "all-linear", "fp32");
                cells.Add(method, 32, "all-linear", "bf16");
            }

            return cells;
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Estimate_KindOfMethod_IsCloseToTheMeasuredPeak(string method) =>
        // The decompositions of a calibration take seconds in narrow layers and minutes in wide ones.
        Compare(method, 8, LoraMethods.Find(method)!.Calibrates ? "v_proj" : "q_proj,v_proj", "fp32");

    [Theory]
    [MemberData(nameof(Cells))]
    public void Estimate_EveryMethod_IsCloseToTheMeasuredPeak(string method, int rank, string targets, string precision)
    {
        Assert.SkipUnless(
            Environment.GetEnvironmentVariable(CellsVariable) == "1", $"All cells take an hour; set {CellsVariable}=1 to run them.");
        Assert.SkipUnless(precision == "fp32" || PrecisionRule.CpuHasBf16(), "This CPU has no bf16 instructions: a step would take hours.");
        Compare(method, rank, targets, precision);
    }

    // What decides which tensors a run holds, but not how large they are.
    private static object Kind(LoraMethod method)
    {
        JsonObject options = method.Complete([], []);
        AdapterFootprint footprint = method.Footprint(new("q_proj", 2048, 2048), 8, options) with { Rank = 0 };
        return (
            method.TrainsWeights,
            method.Calibrator(new AdapterRequest(8, 1, 0, 0), options)?.GetType(),
            footprint with
            {
                Trained = 0,
                Frozen = 0,
                State = Math.Sign(footprint.State),
                PassFactors = Math.Sign(footprint.PassFactors),
                WindowValues = Math.Sign(footprint.WindowValues),
                Shared = [],
            });
    }

    private void Compare(string method, int rank, string targets, string precision)
    {
        LoraMethod described = LoraMethods.Find(method)!;
        JsonObject spec = new()
        {
            ["model"] = "random",
            ["dataset"] = "sst2",
            ["method"] = method,
            ["rank"] = rank,
            ["targetModules"] = targets == "all-linear" ? targets : new JsonArray([.. targets.Split(',').Select(name => (JsonNode)name)]),
            ["trainSamples"] = 16,
            ["maxSteps"] = 1,
            ["evalSamples"] = 4,
            ["evalEvery"] = 100,
            ["precision"] = precision,
            ["device"] = "cpu",
            ["methodOptions"] = new JsonObject(),
        };
        foreach (string field in described.Descriptor.UnusedFields)
        {
            spec.Remove(field);
        }

        if (described.Descriptor.Options.Any(option => option.Name == "svdIterations"))
        {
            spec["methodOptions"]!["svdIterations"] = 1;
        }

        (MemoryEstimate estimate, RunPrepared prepared, double peakMb) = model.Measure(spec);

        Close("training step", estimate.TrainingMb, peakMb);
        if (described.Calibrates)
        {
            double held = estimate.WeightsMb + estimate.AdaptersMb + estimate.ProcessMb;
            Close("calibration", held + estimate.CalibrationMb, prepared.Environment.CalibrationMemoryMb!.Value);
        }

        void Close(string what, double estimatedMb, double measuredMb)
        {
            double difference = (estimatedMb / measuredMb) - 1;
            TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(
                $"{method} {rank} {targets} {precision}, {what}: estimate {estimatedMb:F0}, peak {measuredMb:F0} MiB, {difference:P1}"));
            Assert.InRange(estimatedMb, measuredMb * (1 - Tolerance), measuredMb * (1 + Tolerance));
        }
    }

    /// <summary>A model of two blocks with TinyLlama's widths.</summary>
    public sealed class RandomModel : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly TrainerServices _services;
        private readonly Dictionary<string, double> _processMb = [];
        private int _runs;

        public RandomModel()
        {
            TrainerProgram.Ended made = new TrainerProgram(_folder.Path).Run(
                TimeSpan.FromMinutes(5), "make-model", "--like", "tinyllama", "--layers", "2", "--out",
                Path.Combine(_folder.Path, "models", "random"), "--tokenizer", Fixtures.TinyLlamaTokenizer);
            Assert.True(made.ExitCode == ExitCodes.Success, made.Error);
            _services = new TrainerServices(
                new TrainingConfiguration
                {
                    Home = Fixtures.RepositoryRoot,
                    DataDirectory = _folder.Path,
                    DatasetDirectories = [Path.GetDirectoryName(Fixtures.Sst2)!],
                },
                TimeProvider.System,
                allowPaths: true);
        }

        /// <summary>The estimate of a specification, what its run records, and its peak memory, MiB.</summary>
        public (MemoryEstimate Estimate, RunPrepared Prepared, double PeakMb) Measure(JsonObject spec)
        {
            string file = _folder.Write("spec.json", spec.ToJsonString());
            string run = Path.Combine(_folder.Path, $"run{++_runs}");
            TrainerProgram trainer = new(Path.Combine(_folder.Path, $"data{_runs}"))
            {
                Models = Path.Combine(_folder.Path, "models"),
                Datasets = Path.GetDirectoryName(Fixtures.Sst2),
            };
            MemoryEstimate estimate = Estimate(spec, trainer, file);
            TrainerProgram.Ended trained = trainer.Run(TimeSpan.FromMinutes(20), "train", "--spec", file, "--out", run);
            Assert.True(trained.ExitCode == ExitCodes.Success, trained.Output);
            FinishedRun finished = FinishedRun.Read(run);
            Assert.SkipUnless(
                finished.Prepared.Environment.MemorySource == "peak resident set",
                "This system does not report the peak resident set of a process.");
            Directory.Delete(run, recursive: true);
            return (estimate, finished.Prepared, finished.Summary.PeakMemoryMb!.Value);
        }

        public void Dispose() => _folder.Dispose();

        // The process is the same for all methods, and another than that of the tests.
        private MemoryEstimate Estimate(JsonObject json, TrainerProgram trainer, string file)
        {
            string precision = (string)json["precision"]!;
            if (!_processMb.TryGetValue(precision, out double processMb))
            {
                TrainerProgram.Ended estimated = trainer.Run(TimeSpan.FromMinutes(5), "estimate", "--spec", file, "--json");
                Assert.True(estimated.ExitCode == ExitCodes.Success, estimated.Error);
                _processMb[precision] = processMb =
                    JsonSerializer.Deserialize<MemoryEstimate>(estimated.Output, ContractJson.Options)!.ProcessMb;
            }

            RunSpec spec = _services.Validator.Validate(json).Spec!;
            using RunData data = RunData.Read(spec, _services.Models, _services.Datasets);
            MemoryEstimate estimate = new MemoryForecast(spec, data).Estimate;
            return estimate with { ProcessMb = processMb, TrainingMb = estimate.TrainingMb - estimate.ProcessMb + processMb };
        }
    }
}
