using CsCheck;
using LoraLab.Contracts.Metrics;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;
using LoraLab.Server.Storage.Index;
using Xunit;

namespace LoraLab.Tests.Server.Storage;

/// <summary>Pages of runs by the indexes: the same result as a scan of all runs, without the scan.</summary>
public sealed class RunListTests
{
    private static readonly string[] _methods = ["lora", "pissa", "lora-xs"];
    private static readonly string[] _tags = ["a", "b"];

    private static readonly Gen<StoredRun> _run = Gen.Select(
        Gen.Int[0, 60], Gen.Enum<RunState>(), Gen.Int[0, 2].Select(i => _methods[i]), Gen.Int[0, 3], Gen.Double[0, 1].Nullable(),
        Gen.Int[-2, 2], Gen.Int[0, 5]).Select((id, state, method, tags, accuracy, priority, more) => new StoredRun
        {
            Position = id * 7 % 11,
            ExperimentKey = more < 2 ? $"key {id}" : null,
            Document = new RunDocument
            {
                Id = $"run{id:D2}",
                Name = $"name {id % 9}",
                Color = $"#00000{more}",
                State = state,
                Priority = priority,
                Tags = [.. _tags.Where((_, i) => (tags & (1 << i)) != 0)],
                Spec = new RunSpec { Method = method, Rank = more },
                StudyId = more == 0 ? "study" : null,
                SweepId = more == 1 ? "sweep" : null,
                CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(id % 5),
                Summary = accuracy is { } value ? Accuracy(Math.Round(value, 1)) : new RunSummary(),
            },
        });

    private static readonly Gen<RunFilter> _filter = Gen.Select(
        Gen.Enum<RunState>().Array[1, 3], Gen.Int[0, 2].Select(i => _methods[i]).Array[1, 2],
        Gen.Int[0, 1].Select(i => _tags[i]).Array[1, 2], Gen.Int[0, 9]).Select((states, methods, tags, more) => new RunFilter
        {
            States = more % 2 == 0 ? states.ToHashSet() : null,
            Methods = more % 3 == 0 ? methods.ToHashSet() : null,
            Tags = more % 4 == 0 ? tags.ToHashSet() : null,
            StudyId = more == 5 ? "study" : null,
            SweepId = more == 7 ? "sweep" : null,
            Trained = more == 1 ? (new RunSpec().Model, new RunSpec().Dataset) : null,
            Text = more == 9 ? "NAME pissa" : null,
        });

    [Fact]
    public void List_AnyRunsFilterSortAndPage_EqualsAScanOfAllRuns() =>
        Gen.Select(
            _run.Array[0, 80],
            Gen.Int[0, 60].Array[0, 10],
            _filter,
            Gen.Int[0, RunSort.FieldNames.Count - 1].Select(RunSort.FieldNames.ElementAt),
            Gen.Bool,
            Gen.Int[1, 20]).Sample((puts, removed, filter, field, descending, limit) =>
            {
                Dictionary<string, StoredRun> all = [];
                RunIndex index = RunIndex.Create(puts.Take(10).DistinctBy(run => run.Document.Id));
                foreach (StoredRun run in puts.Take(10).DistinctBy(run => run.Document.Id).Concat(puts.Skip(10)))
                {
                    all[run.Document.Id] = run;
                    index = index.With(run);
                }

                foreach (int id in removed)
                {
                    all.Remove($"run{id:D2}");
                    index = index.Without($"run{id:D2}");
                }

                RunSort sort = RunSort.By(field, descending);
                List<RunDocument> expected = [.. all.Values.Select(run => run.Document).Where(filter.Matches).Order(sort)];
                RunSort.Key? after = null;
                for (int from = 0; from == 0 || from < expected.Count; from += limit)
                {
                    RunPage page = index.List(filter, sort, after, limit);
                    Assert.Equal(expected.Skip(from).Take(limit).Select(run => run.Id), page.Documents.Select(run => run.Id));
                    Assert.Equal((expected.Count, from + limit < expected.Count), (page.Total, page.HasMore));
                    after = page.Items.Count == 0 ? null : sort.KeyOf(page.Items[^1].Document);
                }

                // The key of a removed run is still valid.
                if (expected.Count > 1)
                {
                    RunIndex without = index.Without(expected[0].Id);
                    Assert.Equal(expected[1].Id, without.List(filter, sort, sort.KeyOf(expected[0]), 1).Items[0].Document.Id);
                }

                AssertQueue(all.Values, index);
            });

    [Theory]
    [InlineData("-id", null, null, null, 50)]
    [InlineData("id", null, null, null, 50)]
    [InlineData("-createdAt", null, null, null, 50)]
    [InlineData("name", null, null, null, 50)]
    [InlineData("-eval/accuracy", null, null, null, 50)]
    [InlineData("-id", RunState.Queued, null, null, 50)]
    [InlineData("-id", null, "pissa", null, 50)]
    [InlineData("-id", null, null, "tenth", 50)]
    [InlineData("name", null, "pissa", null, 250)]
    [InlineData("-eval/accuracy", RunState.Completed, null, null, 150)]
    [InlineData("-state", RunState.Completed, null, null, 60)]
    public void List_FirstPageOfTenThousand_LooksAtAsManyDocumentsAsWithAHundred(
        string sort, RunState? state, string? method, string? tag, int atMost)
    {
        RunFilter filter = new()
        {
            States = state is { } one ? new HashSet<RunState> { one } : null,
            Methods = method is null ? null : new HashSet<string> { method },
            Tags = tag is null ? null : new HashSet<string> { tag },
        };
        RunSort order = RunSort.TryParse(sort)!;

        RunPage few = RunIndex.Create(Many(100)).List(filter, order, null, 50);
        RunPage many = RunIndex.Create(Many(10_000)).List(filter, order, null, 50);

        Assert.Equal((100 * few.Total, true), (many.Total, many.HasMore));
        Assert.Equal(50, many.Items.Count);
        Assert.InRange(many.Visited, 50, atMost);
        // The page, and the next run, which shows that there are more.
        Assert.True(
            few.Items.Count < 50 || many.Visited <= 2 * Math.Max(51, few.Visited), $"{few.Visited} with 100, {many.Visited} with 10,000");
    }

    [Fact]
    public void List_OrderThatGoesByTheFilter_GivesUpTheWalk()
    {
        // All matches come after all other runs.
        RunPage page = RunIndex.Create(Many(10_000))
            .List(RunFilter.InStates(RunState.Queued), RunSort.By("state", descending: true), null, 50);

        Assert.Equal((50, 5_000, true), (page.Items.Count, page.Total, page.HasMore));
        Assert.InRange(page.Visited, 50, 5_000 + (4 * 2 * 51));
    }

    [Fact]
    public void List_PageInTheMiddleOfTenThousand_LooksAtThePageOnly()
    {
        RunIndex index = RunIndex.Create(Many(10_000));
        RunSort order = RunSort.By("eval/accuracy", descending: true);
        RunPage before = index.List(RunFilter.All, order, null, 5_000);

        RunPage page = index.List(RunFilter.All, order, order.KeyOf(before.Items[^1].Document), 50);

        Assert.Equal((50, 50), (page.Items.Count, page.Visited));
    }

    private static IEnumerable<StoredRun> Many(int count) => Enumerable.Range(0, count).Select(i => new StoredRun
    {
        Position = i,
        Document = new RunDocument
        {
            Id = $"run{i:D5}",
            Name = $"name {i * 7919 % 10_007}",
            Color = "#000000",
            State = i % 2 == 0 ? RunState.Completed : RunState.Queued,
            Tags = i % 10 == 0 ? ["tenth"] : [],
            Spec = new RunSpec { Method = i % 4 == 1 ? "pissa" : "lora" },
            CreatedAt = DateTimeOffset.UnixEpoch.AddSeconds(i),
            Summary = Accuracy(i * 31 % 101 / 101.0),
        },
    });

    private static RunSummary Accuracy(double last) => new RunSummary().With(MetricKeys.EvalAccuracy, new MetricSummary { Last = last });

    private static void AssertQueue(IReadOnlyCollection<StoredRun> all, RunIndex index)
    {
        string[] waiting =
        [
            .. all.Where(run => run.Document.State == RunState.Queued).OrderByDescending(run => run.Document.Priority)
                .ThenBy(run => run.Position)
                .ThenBy(run => run.Document.Id, StringComparer.Ordinal).Select(run => run.Document.Id),
        ];
        Assert.Equal(waiting, index.Waiting.Ids);
        Assert.Equal(waiting.Select((_, i) => (int?)(i + 1)), waiting.Select(id => index.Waiting.PositionOf(index.Find(id)!)));
        Assert.Equal(
            (all.Select(run => run.Position).DefaultIfEmpty(0).Min() - 1, all.Select(run => run.Position).DefaultIfEmpty(0).Max() + 1),
            (index.Waiting.Head, index.Waiting.Tail));
        Assert.Equal(
            all.Select(run => run.Document.Name).Distinct().Order(),
            Enumerable.Range(0, 9).Select(i => $"name {i}").Where(index.Names.Has));
        foreach (string method in _methods)
        {
            Assert.Equal(
                all.Where(run => run.Document.Spec.Method == method).GroupBy(run => run.Document.Color)
                    .Select(color => (color.Key, color.Count())).Order(),
                index.Names.ColorsOf(method).Select(color => (color.Key, color.Value)).Order());
        }

        Assert.Equal(
            all.Where(run => run.Document.StudyId is not null).Select(run => run.Document.Id).Order(StringComparer.Ordinal),
            index.RunsOf(study: true, "study").Select(run => run.Document.Id));
        Assert.All(Enum.GetValues<RunState>(), state => Assert.Equal(all.Count(run => run.Document.State == state), index.CountOf(state)));
    }
}
