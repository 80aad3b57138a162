using System.Globalization;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Server.Experiments.Studies.Claims;
using LoraLab.Server.Experiments.Studies.Evidence;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>Handmade evidence of a study.</summary>
internal sealed class HandMadeStudy
{
    public const int Rows = 100;
    private readonly List<HandMadeRun> _runs = [];
    private readonly Dictionary<string, StudyArm> _arms = [];

    public StudyPlan Plan { get; set; } = new() { Model = "TinyLlama", Dataset = "sst2", Profile = "tinyllama", Seeds = [1, 2, 3, 4, 5] };

    public string Name { get; set; } = "a study";

    public IReadOnlyList<string> Warnings { get; set; } = [];

    /// <summary>The methods that are known.</summary>
    public IReadOnlyList<MethodDescriptor> Methods { get; set; } = [];

    public HandMadeStudy Arm(
        string method,
        string? label = null,
        string color = "#1f77b4",
        JsonObject? selected = null,
        GridPosition? place = null,
        params StudyCell[] cells)
    {
        _arms[method] = new StudyArm
        {
            Method = method,
            Label = label ?? method,
            Color = color,
            Selected = selected,
            Position = place,
            Cells = cells,
        };
        return this;
    }

    public HandMadeStudy Run(HandMadeRun run)
    {
        _runs.Add(run);
        if (!_arms.ContainsKey(run.Method))
        {
            Arm(run.Method);
        }

        return this;
    }

    /// <summary>One run per value, with the seeds 1, 2, 3 …</summary>
    public HandMadeStudy Seeds(string method, IEnumerable<double> accuracies, Func<HandMadeRun, HandMadeRun>? change = null)
    {
        foreach ((int index, double accuracy) in accuracies.Index())
        {
            HandMadeRun run = new(method, index + 1) { Curve = [(0, 0.5), (100, accuracy)] };
            Run(change is null ? run : change(run));
        }

        return this;
    }

    /// <summary>A LoRA+ cell with one run per accuracy.</summary>
    public HandMadeStudy Cell(double rateA, double rateB, IEnumerable<double> accuracies, Func<HandMadeRun, HandMadeRun>? change = null) =>
        Seeds("lora-plus", accuracies, run =>
        {
            HandMadeRun cell = run with
            {
                LearningRate = rateA,
                LearningRateB = rateB,
                Settings = new JsonObject { ["learningRate"] = rateA, ["learningRateB"] = rateB },
            };
            return change is null ? cell : change(cell);
        });

    public StudyEvidence Build()
    {
        List<EvidenceRun> runs = [.. _runs.Select((run, index) => Evidence($"r{index + 1:000}", run))];
        StudyDocument study = new()
        {
            Id = "s1",
            Name = Name,
            State = StudyState.Completed,
            Plan = Plan,
            Arms = [.. _arms.Values],
            Runs = [.. runs.Select(run => run.Run)],
            Warnings = Warnings,
        };
        return new StudyEvidence(study, runs, Methods);
    }

    public StudyClaim Claim(string id) => PaperClaims.Of(Build()).Single(claim => claim.Id == id);

    private EvidenceRun Evidence(string id, HandMadeRun run)
    {
        PredictionSet? predictions = run.Wrong is int wrong ? Predict(run.Curve[^1].Step, wrong) : null;
        double accuracy = predictions is null ? run.Curve[^1].Accuracy : (Rows - run.Wrong!.Value) / (double)Rows;
        double macroF1 = predictions is null ? accuracy : MacroF1(predictions.Items);
        RunEnvironment environment =
            new() { Device = run.Device, DeviceName = run.DeviceName, MemorySource = "peak resident set", MicroBatch = 16 };
        RunDocument document = new()
        {
            Id = id,
            Name = id,
            Color = "#000000",
            State = run.State,
            EndReason = run.EndReason,
            Error = run.Error,
            Spec = new RunSpec
            {
                Model = Plan.Model!,
                Dataset = Plan.Dataset!,
                Method = run.Method,
                Seed = run.Seed,
                OrderSeed = run.Seed,
                LearningRate = run.LearningRate,
                LearningRateB = run.LearningRateB,
                MemoryBudgetMb = run.BudgetMb,
            },
            Progress = new RunProgress { Step = run.Curve[^1].Step, TotalSteps = run.Curve[^1].Step },
            Summary = run.State != RunState.Completed ? new RunSummary() : new RunSummary
            {
                Metrics = new Dictionary<string, MetricSummary>
                {
                    [MetricKeys.EvalAccuracy] = new() { Last = accuracy, Best = accuracy },
                    [MetricKeys.EvalMacroF1] = new() { Last = macroF1, Best = macroF1 },
                    [MetricKeys.EvalLoss] = new() { Last = 0.25 },
                },
                Correct = predictions is null ? null : Rows - run.Wrong,
                EvalRows = Rows,
                TrainSeconds = run.TrainSeconds,
                PeakMemoryMb = run.PeakMemoryMb,
                BudgetExceededMb = run.BudgetExceededMb,
                TrainableParameters = run.Parameters,
            },
            Attempts = [new RunAttempt { Number = 1, Environment = environment }],
            CreatedAt = DateTimeOffset.UnixEpoch,
        };
        StudyRun place = new()
        {
            RunId = id,
            Method = run.Method,
            Stage = run.Stage,
            Settings = run.Settings,
            Seed = run.Seed,
            State = run.State,
            EndReason = run.EndReason,
            Error = run.Error,
        };
        Dictionary<string, MetricSeries> series = [];
        if (run.State == RunState.Completed)
        {
            series[MetricKeys.EvalAccuracy] = Series(run.Curve, accuracy);
            series[MetricKeys.EvalMacroF1] = Series(run.Curve, macroF1);
        }

        return new EvidenceRun(place, document, run.HasFingerprint ? Fingerprint(id, run, environment) : null, series, predictions);
    }

    private static MetricSeries Series((int Step, double Value)[] curve, double last) =>
        new() { X = [.. curve.Select(point => point.Step)], Y = [.. curve[..^1].Select(point => (double?)point.Value), last] };

    /// <summary>Alternating labels; the first rows are wrong.</summary>
    private static PredictionSet Predict(int step, int wrong) => new(step, ["negative", "positive"],
        [.. Enumerable.Range(0, Rows).Select(row => new Prediction(row, row % 2, row < wrong ? 1 - (row % 2) : row % 2, [-0.5, -1.25]))]);

    private static double MacroF1(IReadOnlyList<Prediction> items) => Enumerable.Range(0, 2).Average(label =>
    {
        int hits = items.Count(item => item.Label == label && item.Predicted == label);
        return 2.0 * hits / (items.Count(item => item.Label == label) + items.Count(item => item.Predicted == label));
    });

    private RunFingerprint Fingerprint(string id, HandMadeRun run, RunEnvironment environment) => new()
    {
        Model = new ModelFingerprint { Name = Plan.Model!, WeightsSha256 = "w", ConfigSha256 = "c", TokenizerSha256 = "t" },
        Prompt = new PromptFingerprint
        {
            Name = "p",
            Template = "p",
            Sha256 = "p",
            LabelIds = new Dictionary<string, IReadOnlyList<int>>(),
            LabelIdsSha256 = "l",
        },
        Training = new TrainingFingerprint
        {
            Dataset = Plan.Dataset!,
            FilesSha256 = new Dictionary<string, string>(),
            Labels = new Dictionary<string, int>(),
            SubsetSha256 = "s",
        },
        Evaluation = new EvaluationFingerprint { Labels = new Dictionary<string, int>(), Sha256 = "e" },
        Adapter = new AdapterFingerprint { InitialSha256 = "i", FinalSha256 = run.Final ?? "final of " + id },
        Environment = environment,
        Paper =
        [
            .. PaperFigureNames.WeightsAndData.Select(name => new PaperFigure(name, "x", "x", run.Papers)),
            new(PaperFigureNames.Steps, "1,250", run.Curve[^1].Step.ToString(CultureInfo.InvariantCulture), false),
        ],
    };
}
