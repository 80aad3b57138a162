using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;

namespace LoraLab.Server.Storage;

/// <summary>A page of the runs that match a filter.</summary>
/// <param name="Items">The runs in order.</param>
/// <param name="Total">Number of runs that match the filter.</param>
/// <param name="HasMore">Whether more follow.</param>
/// <param name="Visited">Number of documents read to find it.</param>
internal sealed record RunPage(IReadOnlyList<StoredRun> Items, int Total, bool HasMore, int Visited)
{
    public IEnumerable<RunDocument> Documents => Items.Select(run => run.Document);
}
