using System.Text.Json;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Compare;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Experiments.Sweeps;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Comparison;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Paper;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Experiments.Studies.Tables;
using LoraLab.Server.Infrastructure;
using LoraLab.Tests.Server.Experiments.Studies;
using LoraLab.Web.Pages.Runs.Table;
using Xunit;

namespace LoraLab.Tests;

/// <summary>A metric is described once: one that a test adds is found in everything that is derived from the descriptors.</summary>
public sealed class MetricTests
{
    private static readonly MetricDescriptor _probe = new()
    {
        Key = "eval/probe",
        Name = "probe depth",
        Unit = "fathoms",
        Direction = MetricDirection.LowerIsBetter,
        ChartGroup = MetricChartGroup.Evaluation,
        HasColumn = true,
    };

    private static readonly MetricCatalog _catalog = MetricCatalog.Default.With(_probe);

    [Fact]
    public void Predictions_ScoresThatAreNotFinite_AreNullAndListed()
    {
        PredictionSet read = PredictionSet.FromTable(
            3, [["row", "label", "predicted", "a", "b", "c"], ["7", "0", "2", "NaN", "-Infinity", "-2"]]);

        Assert.Equal([null, null, -2.0], Assert.Single(read.Items).Scores);
        Assert.Equal([new NonFiniteScore(7, 0, "NaN"), new NonFiniteScore(7, 1, "-Infinity")], read.NonFinite);
    }

    [Fact]
    public void Response_ValueThatIsNotFinite_IsNull()
    {
        SweepTrial trial = new() { Values = [], Value = double.PositiveInfinity };

        Assert.Null(JsonNode.Parse(JsonSerializer.Serialize(trial, ApiJson.Options))!["value"]);
        Assert.Equal(0.5, (double?)JsonNode.Parse(JsonSerializer.Serialize(trial with { Value = 0.5 }, ApiJson.Options))!["value"]);
    }

    [Fact]
    public void Catalog_EveryKey_HasADescriptor()
    {
        IEnumerable<string> keys = typeof(MetricKeys).GetFields().Select(field => (string)field.GetRawConstantValue()!);

        Assert.Equal(
            keys.Order(StringComparer.Ordinal), MetricCatalog.Default.All.Select(metric => metric.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Charts_AddedMetric_StandsAmongThoseOfEvaluations()
    {
        string[] expected = [.. MetricCatalog.Default.Evaluated.Select(metric => metric.Key), "eval/probe", MetricKeys.TrainLoss];

        Assert.Equal(expected, _catalog.Charts.Take(expected.Length).Select(metric => metric.Key));
        Assert.Equal(expected, _catalog.ComparedCharts.Take(expected.Length).Select(metric => metric.Key));
        Assert.Equal("Probe depth (fathoms)", _probe.ChartTitle);
    }

    [Fact]
    public void Charts_SeriesWithoutDescriptor_IsShownUnderItsKey()
    {
        MetricDescriptor shown = Assert.Single(
            MetricCatalog.Default.ChartsWith([MetricKeys.TrainLoss, "eval/probe"]).Except(MetricCatalog.Default.Charts));

        Assert.Equal(("eval/probe", MetricChartGroup.Evaluation), (shown.ChartTitle, shown.ChartGroup));
    }

    [Fact]
    public void RunList_AddedMetric_HasAColumnThatSorts()
    {
        TableColumn column = Assert.Single(TableColumns.All(_catalog), column => column.Title == "Probe depth");
        Func<RunDocument, IComparable?> read = RunSort.Fields(_catalog)[column.SortField!];

        Assert.Equal(0.5, read(Run("a", 0.5)));
        Assert.False(column.DescendingFirst);
    }

    [Fact]
    public void Sweeps_AddedMetric_IsAnObjective() => Assert.Contains(_probe, _catalog.Objectives);

    [Fact]
    public void Comparison_AddedMetric_IsInTablesAndStatistics()
    {
        CompareDocument document = RunComparison.Of(new ComparedSelection([Compared("a", 0.5, seed: 1), Compared("b", 1.5, seed: 2)], []));
        CompareColumn column = Assert.Single(CompareColumn.Of([], _catalog), column => column.Name == "eval/probe");
        string[][] methods = Cells(CompareCsv.Methods(document, _catalog));

        Assert.Equal(("Probe depth (fathoms)", "0.5000"), (column.Title, column.Print(document.Rows[0])));
        Assert.True(column.IsMarked(document.Rows[0], [new CompareMark(document.Rows[0].RunId, "eval/probe")]));
        Assert.False(column.IsMarked(document.Rows[1], [new CompareMark(document.Rows[0].RunId, "eval/probe")]));
        Assert.Equal(1, Assert.Single(document.Methods.Groups).Metrics["eval/probe"].Mean);
        Assert.Equal("1", methods[1][Array.IndexOf(methods[0], "probeMean")]);
    }

    [Fact]
    public void Studies_AddedMetric_IsInTablesAndFiles()
    {
        StudyEvidence evidence = new HandMadeStudy().Seeds("lora", [0.9]).Build();
        evidence = new(
            evidence.Study,
            [.. evidence.Runs.Select(run => run with
            {
                Document = run.Document! with { Summary = run.Document.Summary.After(_probe, 100, 2.5) },
                Series = new Dictionary<string, MetricSeries>(run.Series) { ["eval/probe"] = new() { X = [100], Y = [2.5] } },
            })]);
        FinalColumn column = Assert.Single(
            FinalColumn.Of(TaskDescriptors.Classification, _catalog), column => column.Title == "Probe depth (fathoms)");
        string[][] runs = Cells(PaperCsv.Runs(evidence, _catalog));
        string[][] curves = Cells(PaperCsv.Curves(evidence, _catalog));

        Assert.Equal((-1, true, 2.5), (column.Direction, column.Tested, column.Read(evidence.Runs[0])));
        Assert.Equal("2.5", runs[1][Array.IndexOf(runs[0], "probe")]);
        Assert.Equal("2.5", curves[^1][Array.IndexOf(curves[0], "probe")]);
    }

    [Fact]
    public void Summary_Metrics_AreMembersBesideTheOthersInJson()
    {
        RunSummary summary = (new RunSummary { TrainTokens = 7 }).After(_probe, 3, 2.5).After(_probe, 6, 4);
        string json = JsonSerializer.Serialize(summary, ContractJson.Options);
        RunSummary again = JsonSerializer.Deserialize<RunSummary>(json, ContractJson.Options)!;
        JsonNode node = JsonNode.Parse(json)!;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"last":4,"best":2.5,"bestStep":3}"""), node["eval/probe"]));
        Assert.True(node.AsObject().TryGetPropertyValue(MetricKeys.EvalAccuracy, out JsonNode? accuracy));
        Assert.Null(accuracy);
        Assert.Equal(7, (int)node["trainTokens"]!);
        Assert.Equal(new MetricSummary { Last = 4, Best = 2.5, BestStep = 3 }, again["eval/probe"]);
        Assert.Equal(json, JsonSerializer.Serialize(again, ContractJson.Options));
    }

    [Fact]
    public void Summary_OfAnEarlierVersion_IsRead()
    {
        RunSummary summary = JsonSerializer.Deserialize<RunSummary>(
            """
            {"eval/accuracy":{"last":0.75,"best":0.8,"bestStep":50},"eval/macroF1":{"last":0.7,"best":0.7,"bestStep":100},
             "eval/loss":{"last":null,"best":null,"bestStep":null},"train/loss":null,"correct":3,"evalRows":4,"trainSeconds":1.5}
            """,
            ContractJson.Options)!;

        Assert.Equal(new MetricSummary { Last = 0.75, Best = 0.8, BestStep = 50 }, summary[MetricKeys.EvalAccuracy]);
        Assert.Null(summary[MetricKeys.EvalLoss]!.Last);
        Assert.Null(summary[MetricKeys.TrainLoss]);
        Assert.Equal((3, 4, 1.5), (summary.Correct, summary.EvalRows, summary.TrainSeconds));
        Assert.Equal([MetricKeys.EvalAccuracy, MetricKeys.EvalMacroF1], summary.LastEvaluation().Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Evaluation_OfAnEarlierVersion_IsRead()
    {
        WorkerEvent read = JsonSerializer.Deserialize<WorkerEvent>(
            """
            {"type":"evaluated","n":3,"at":"2026-11-01T10:00:00+00:00","step":50,"accuracy":0.75,"macroF1":0.7,"loss":"NaN","correct":3,
             "rows":4,"majorityBaseline":0.5,"predictionsFile":"predictions/step-000050.csv"}
            """,
            ContractJson.Options)!;

        MetricPoint[] points = [.. EventPoints.From(read, attempt: 1).OrderBy(point => point.Key, StringComparer.Ordinal)];

        Assert.Equal(
            [(MetricKeys.EvalAccuracy, 50, 0.75), (MetricKeys.EvalLoss, 50, double.NaN), (MetricKeys.EvalMacroF1, 50, 0.7)],
            points.Select(point => (point.Key, point.Step, point.Value)));
    }

    [Fact]
    public void Evaluation_Metrics_SurviveARoundTrip()
    {
        Evaluated written = new()
        {
            Step = 50,
            Metrics = new Dictionary<string, double> { ["eval/probe"] = 2.5, [MetricKeys.EvalLoss] = double.PositiveInfinity },
            PredictionsFile = "p",
        };
        string json = JsonSerializer.Serialize<WorkerEvent>(written, ContractJson.Options);

        WorkerEvent read = JsonSerializer.Deserialize<WorkerEvent>(json, ContractJson.Options)!;

        Assert.Equal(written.Metrics, Assert.IsType<Evaluated>(read).Metrics);
        Assert.DoesNotContain("\"accuracy\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public void StudyRun_StoredByAnEarlierVersion_IsRead()
    {
        StoredStudy read = JsonSerializer.Deserialize<StoredStudy>(
            """
            {"plan":{},"arms":[],"runs":[{"wanted":{"stage":"selection","method":"lora","settings":{"rank":8},"seed":3,"extension":true},
             "runId":"r1","state":"completed","endReason":"finished","step":4,"totalSteps":4,"accuracy":0.75,"macroF1":null,"loss":0.25}]}
            """,
            ContractJson.Options)!;

        StudyRun run = Assert.Single(read.Runs);
        Assert.Equal((StudyStage.Selection, "lora", 3, true), (run.Stage, run.Method, run.Seed, run.Extension));
        Assert.Equal(("r1", RunState.Completed, 4), (run.RunId, run.State, run.Step));
        Assert.Equal((8, 0.75, 0.25), ((int)run.Settings["rank"]!, run.Accuracy, run.Loss()));
        Assert.DoesNotContain(MetricKeys.EvalMacroF1, run.Metrics.Keys);
        Assert.Equal(run.Metrics, Again(read).Runs[0].Metrics);

        static StoredStudy Again(StoredStudy study) =>
            JsonSerializer.Deserialize<StoredStudy>(JsonSerializer.Serialize(study, ContractJson.Options), ContractJson.Options)!;
    }

    private static RunDocument Run(string id, double probe, long seed = 1) => new()
    {
        Id = id,
        Name = id,
        Color = "#000000",
        State = RunState.Completed,
        Spec = new RunSpec { Seed = seed },
        Summary = new RunSummary().After(MetricCatalog.Default.Of(MetricKeys.EvalAccuracy), 4, 0.75).After(_probe, 4, probe),
    };

    private static ComparedRun Compared(string id, double probe, long seed) => new(Run(id, probe, seed), null, 2, null);

    private static string[][] Cells(string csv) =>
        [.. csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Trim().Split(','))];
}
