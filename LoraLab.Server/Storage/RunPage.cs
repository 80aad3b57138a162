using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>Some of the runs that a filter means.</summary>
/// <param name="Items">In order.</param>
/// <param name="Total">How many the filter means.</param>
/// <param name="HasMore">Whether there are some behind these.</param>
/// <param name="Visited">How many documents were looked at for it.</param>
internal sealed record RunPage(IReadOnlyList<StoredRun> Items, int Total, bool HasMore, int Visited)
{
    public IEnumerable<RunDocument> Documents => Items.Select(run => run.Document);
}
