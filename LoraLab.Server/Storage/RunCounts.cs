using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Storage;

/// <summary>Number of runs.</summary>
/// <param name="Total">Number of all runs.</param>
/// <param name="ByState">Number of runs per state, for every state.</param>
internal sealed record RunCounts(int Total, IReadOnlyDictionary<RunState, int> ByState)
{
    public int Of(RunState state) => ByState[state];
}
