using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Experiments.Lifecycle;
using LoraLab.Server.Experiments.Studies.Steps;
using LoraLab.Server.Storage.Index;
using LoraLab.Tests.Server.Storage;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary>The steps of studies without a server: selection, and independence of the order and repetition of steps.</summary>
public sealed class StudyStepsTests
{
    private static readonly DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    // Accuracies of the rates 1, 2, 4 (and of the extension), losses likewise; the selected rate, its position, and the number of rates
    // tried.
    [InlineData("0.5 0.9 0.5", "1 1 1", 2, GridPosition.Inside, 3)]
    [InlineData("0.5 0.9 0.9 0.1", "1 0.5 0.4 1", 4, GridPosition.InsideAfterExtension, 4)]
    [InlineData("0.5 0.9 0.9", "1 0.4 0.5", 2, GridPosition.Inside, 3)]
    [InlineData("0.9 0.9 0.9 0.1", "1 1 1 1", 1, GridPosition.InsideAfterExtension, 4)]
    [InlineData("0.9 0.5 0.5 0.95", "1 1 1 1", 0.5, GridPosition.AtEdge, 4)]
    [InlineData("0.5 0.5 0.9 0.95", "1 1 1 1", 8, GridPosition.AtEdge, 4)]
    public void Selection_AccuracyThenLossThenSmallerRate_AndOneStepBeyondTheEdge(
        string accuracies, string losses, double chosen, GridPosition place, int tries)
    {
        StudyStore store = new(Plan("lora", [1, 2, 4]));
        double[] accuracy = Numbers(accuracies);
        double[] loss = Numbers(losses);
        Dictionary<double, int> order = new() { [1] = 0, [2] = 1, [4] = 2, [8] = 3, [0.5] = 3 };
        store.Finish(run => (accuracy[order[Rate(run)]], loss[order[Rate(run)]]));

        StudyDocument study = store.Document;
        Assert.Equal((chosen, place, tries), (Rate(study.Arms[0].Selected!), study.Arms[0].Position, study.Arms[0].Cells.Count));
        Assert.Equal((StudyState.Completed, tries + 2), (study.State, study.Runs.Count));
    }

    [Fact]
    public void Selection_CornerOfTwoRates_IsExtendedInBothAndInTheCorner()
    {
        StudyStore store = new(Plan("lora-plus", [1, 2], [10, 30]));
        store.Finish(run => (Rate(run) + ((double)run.Settings["learningRateB"]! / 100), 1));

        StudyArm arm = store.Document.Arms[0];
        Assert.Equal(["2 90", "4 30", "4 90"], arm.Cells.Where(cell => cell.Extension)
            .Select(cell => $"{Rate(cell.Settings)} {(double)cell.Settings["learningRateB"]!}").Order());
        Assert.Equal(("4 90", GridPosition.AtEdge), ($"{Rate(arm.Selected!)} {(double)arm.Selected!["learningRateB"]!}", arm.Position));
    }

    [Fact]
    public void Selection_OneValueOrNoRate_IsNotExtended()
    {
        StudyStore single = new(Plan("lora", [2]));
        single.Finish(_ => (0.5, 1));
        Assert.Equal((0, 2), (single.Document.Arms[0].Cells.Count, single.Document.Runs.Count));

        StudyStore ranks = new(Plan("lora", []) with
        {
            Methods = [new StudyMethod { Method = "lora", Grid = new Dictionary<string, IReadOnlyList<JsonNode>> { ["rank"] = [2, 4] } }],
        });
        ranks.Finish(run => ((double)run.Settings["rank"]! / 10, 1));
        Assert.Equal(
            (2, 4, null),
            (ranks.Document.Arms[0].Cells.Count, (int)ranks.Document.Arms[0].Selected!["rank"]!, ranks.Document.Arms[0].Position));
    }

    [Fact]
    public void Selection_SeedOfTheChoice_IsNoneThatIsReported()
    {
        Assert.Equal(0, StudySteps.SelectionSeed(Plan("lora", [1])));
        Assert.Equal(2, StudySteps.SelectionSeed(Plan("lora", [1]) with { Seeds = [0, 1, 3] }));
    }

    /// <summary>
    /// Runs end in any order, steps are applied at any moment, lost before they are stored, or applied twice: the runs and the selection
    /// at the end are the same.
    /// </summary>
    [Fact]
    public void Steps_InAnyOrderAndRepeated_RequireTheSameRunsOnce()
    {
        string expected = Story([]);
        Gen.Int[0, 9].Array[0, 60].Sample(acts => Assert.Equal(expected, Story(acts)), iter: 40, threads: 1);

        static string Story(int[] acts)
        {
            StudyStore store = new(Plan("lora", [1, 2, 4]) with
            {
                Methods = [Method("lora", [1, 2, 4], null), Method("pissa", [1, 2, 4], null)],
            });
            Func<RequiredRun, (double, double)> result = run =>
                (run.Method == "lora" ? 0.9 - (0.1 * Math.Abs(Rate(run) - 2)) : Rate(run) / 10, 1);
            foreach (int act in acts)
            {
                if (act < 4)
                {
                    store.EndOne(act, result);
                }
                else if (act < 7)
                {
                    store.Step();
                }
                else
                {
                    // Computed and lost with the server.
                    store.Compute();
                }
            }

            store.Finish(result);
            Assert.Equal(StudyState.Completed, store.Document.State);
            return string.Join(
                '\n', store.Document.Runs.Select(run => $"{run.Stage} {run.Method} {run.Settings.ToJsonString()} {run.Seed}").Order());
        }
    }

    private static double Rate(RequiredRun run) => Rate(run.Settings);

    private static double Rate(JsonObject cell) => StudyGrid.Rate(cell, "learningRate")!.Value;

    private static double[] Numbers(string text) =>
        [.. text.Split(' ').Select(number => double.Parse(number, System.Globalization.CultureInfo.InvariantCulture))];

    private static StudyPlan Plan(string method, double[] rates, double[]? ratesB = null) => new()
    {
        Name = "study",
        Model = "sample",
        Dataset = "sample",
        Seeds = [1, 2],
        Spec = [],
        Selection = StudySelection.SelectionSplit,
        Methods = [Method(method, rates, ratesB)],
    };

    private static StudyMethod Method(string method, double[] rates, double[]? ratesB)
    {
        Dictionary<string, IReadOnlyList<JsonNode>> grid = new() { ["learningRate"] = [.. rates.Select(rate => JsonValue.Create(rate))] };
        if (ratesB is not null)
        {
            grid["learningRateB"] = [.. ratesB.Select(rate => JsonValue.Create(rate))];
        }

        return new StudyMethod { Method = method, Grid = grid };
    }

    /// <summary>A store of one study, as the experiment service keeps it.</summary>
    private sealed class StudyStore
    {
        private readonly StudyDriver _driver = new();
        private readonly Dictionary<string, StoredRun> _runs = [];
        private StoredExperiment _experiment;

        public StudyStore(StudyPlan study)
        {
            StoredStudy content = new()
            {
                Plan = study,
                Arms =
                [
                    .. study.Methods!.Select(method => new StoredArm { Method = method.Method, Label = method.Method, Color = "#000000" }),
                ],
            };
            _experiment = new StoredExperiment
            {
                Id = "s",
                Kind = ExperimentKind.Study,
                Name = "study",
                Content = JsonSerializer.SerializeToElement(content, ContractJson.Options),
            };
            Step();
        }

        public StudyDocument Document => StudyView.Of(_experiment, Stored);

        private StoreView Stored => new(RunIndex.Create(_runs.Values), ImmutableDictionary<string, StoredExperiment>.Empty, Paused: false);

        public ExperimentStep Compute() =>
            _driver.Next(_experiment, Stored.RunsOf(ExperimentKind.Study, _experiment.Id), NoSeries.Instance, _now);

        public void Step()
        {
            ExperimentStep step = Compute();
            foreach (RequestedRun run in step.Runs)
            {
                Assert.False(_runs.ContainsKey(run.Key), $"{run.Key} is requested twice.");
                _runs[run.Key] = new StoredRun
                {
                    ExperimentKey = run.Key,
                    Document = new RunDocument
                    {
                        Id = $"r{_runs.Count}",
                        Name = run.Label,
                        Color = "#000000",
                        StudyId = _experiment.Id,
                        Spec = run.Spec.Deserialize<RunSpec>(ContractJson.Options)!,
                    },
                };
            }

            _experiment =
                _driver.Next(step.Experiment, Stored.RunsOf(ExperimentKind.Study, _experiment.Id), NoSeries.Instance, _now).Experiment;
        }

        /// <summary>Ends one of the runs that have not ended.</summary>
        public bool EndOne(int which, Func<RequiredRun, (double Accuracy, double Loss)> result)
        {
            List<StudyRun> open =
                [.. _experiment.Read<StoredStudy>().Runs.Where(run => _runs[run.Required().Key].Document.State == RunState.Queued)];
            if (open.Count == 0)
            {
                return false;
            }

            StudyRun ends = open[which % open.Count];
            (double accuracy, double loss) = result(ends.Required());
            StoredRun run = _runs[ends.Required().Key];
            _runs[ends.Required().Key] = run with
            {
                Document = run.Document with
                {
                    State = RunState.Completed,
                    EndReason = EndReason.Finished,
                    EndedAt = _now,
                    StartedAt = _now,
                    Summary = new RunSummary
                    {
                        Metrics = new Dictionary<string, MetricSummary>
                        {
                            [MetricKeys.EvalAccuracy] = new() { Last = accuracy },
                            [MetricKeys.EvalLoss] = new() { Last = loss },
                        },
                    },
                },
            };
            return true;
        }

        public void Finish(Func<RequiredRun, (double Accuracy, double Loss)> result)
        {
            Step();
            while (EndOne(0, result))
            {
                Step();
            }
        }
    }
}
