using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Storage;

/// <summary>How many runs there are.</summary>
/// <param name="Total">All of them.</param>
/// <param name="ByState">Of every state, also where there are none.</param>
internal sealed record RunCounts(int Total, IReadOnlyDictionary<RunState, int> ByState)
{
    public int Of(RunState state) => ByState[state];
}
