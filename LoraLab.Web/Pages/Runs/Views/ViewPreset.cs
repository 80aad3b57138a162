namespace LoraLab.Web.Pages.Runs.Views;

/// <summary>A view that everyone has without saving it.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Query">The parameters of its address.</param>
/// <param name="Help">What it is for.</param>
internal sealed record ViewPreset(string Name, string Query, string Help)
{
    /// <summary>The presets in the order in which they are offered.</summary>
    internal static IReadOnlyList<ViewPreset> All { get; } =
    [
        new("All runs", "", "Every run, the latest first"),
        new("In progress", "state=preparing,running,cancelling,queued", "Runs that have not ended, with their progress"),
        new(
            "Methods over seeds",
            "state=completed&sort=-eval/accuracy&group=1"
                + "&cols=name,method,rank,learningRate,learningRateB,seed,eval/accuracy,eval/macroF1,trainSeconds",
            "One row for runs that differ only in their seeds: mean ± standard deviation"),
        new(
            "Learning rates",
            "state=completed&sort=-eval/accuracy"
                + "&cols=name,method,learningRate,learningRateB,rateRatio,seed,eval/accuracy,eval/loss",
            "Learning rates and the ratio of those of B and A"),
        new(
            "Costs",
            "state=completed&sort=trainSeconds"
                + "&cols=name,method,rank,eval/accuracy,trainSeconds,evalSeconds,loadSeconds,peakMemoryMb,trainableParameters,trainTokens",
            "Time, memory and parameters"),
        new("Studies and sweeps", "collapse=1", "One row for the runs of a study or sweep"),
        new("Problems", "state=failed,interrupted,cancelled&cols=state,name,method,endReason,createdAt", "Runs that did not complete"),
    ];
}
