using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Runs.Fields;
using LoraLab.Contracts.Runs.Filters;
using LoraLab.Contracts.Worker;
using LoraLab.Server.Domain;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Estimates;

/// <summary>What can be said of a run before it is queued: how long it takes, when it starts, and whether it was run before.</summary>
internal sealed class RunOutlook(IRunStore store, StartForecast forecast)
{
    private const int MaximumSame = 10;

    /// <summary>Adds the outlook to the result of a dry run.</summary>
    public DryRunResult Add(DryRunResult result, SpecValidation valid, JsonObject submitted)
    {
        RunSpec spec = valid.Spec!;
        (TimingHistory? timing, string basis) = forecast.TimingOf(spec);
        (DateTimeOffset? startsAt, int before) = forecast.OfNew(spec);
        return result with
        {
            Seconds = timing?.Seconds(spec, valid.TotalSteps, valid.EvalRows),
            SecondsBasis = basis,
            StartsAt = startsAt,
            RunsBefore = before,
            SameRuns = Same(spec, submitted),
        };
    }

    private IReadOnlyList<SameRun> Same(RunSpec spec, JsonObject submitted)
    {
        string identity = OpenSpec.Identity(spec, submitted);
        RunFilter similar = new()
        {
            Methods = new HashSet<string> { spec.Method },
            Trained = (spec.Model, spec.Dataset),
            Condition = new RunCondition.All(
                [Has("seed", spec.Seed), Has("orderSeed", spec.OrderSeed), Has("dataSeed", spec.DataSeed), Has("rank", spec.Rank)]),
        };
        return
        [
            .. store.Enumerate(similar, RunSort.Latest)
                .Where(run => OpenSpec.Identity(run.Document.Spec, run.Submitted) == identity).Take(MaximumSame)
                .Select(run => new SameRun(run.Document.Id, run.Document.Name, run.Document.State)),
        ];
    }

    private static RunCondition Has(string name, long? value)
    {
        RunField field = RunFieldCatalog.Default.Find(name)!;
        return value is long number ? new RunCondition.Compared(field, "=", number) : new RunCondition.Missing(field);
    }
}
