using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Machine;
using LoraLab.Server.Storage.Leases;

namespace LoraLab.Server.Library.Pulls;

/// <summary>The downloads of the other nodes, from their records in the folder that all share.</summary>
internal sealed class ForeignPulls(PullRecords records, INodes nodes, TimeProvider time)
{
    private const string NodeLost = "The node that downloaded it is gone; start it again to continue with what has arrived.";

    /// <summary>All of them; those that a node left when it died are interrupted.</summary>
    public IReadOnlyList<PullDocument> All
    {
        get
        {
            if (!nodes.AreSeveral)
            {
                return [];
            }

            DateTimeOffset now = time.GetUtcNow();
            List<PullDocument> pulls = [.. records.OfOtherNodes()];
            HashSet<string> alive = pulls.TrueForAll(pull => pull.Ended()) ? []
                : [.. nodes.List().Where(node => IsAlive(node, now)).Select(node => node.Name)];
            return [.. pulls.Select(pull => pull.Ended() || alive.Contains(pull.Node ?? "") ? pull
                : pull with { State = PullState.Interrupted, Error = NodeLost, File = null, EndedAt = pull.CreatedAt })];
        }
    }

    /// <summary>One of them; null: no other node has it.</summary>
    public PullDocument? Find(string id) => All.FirstOrDefault(pull => pull.Id == id);

    /// <summary>Asks its node to stop a download, which it does within a second.</summary>
    public void Cancel(PullDocument pull)
    {
        if (!pull.Ended())
        {
            records.AskToCancel(pull);
        }
    }

    /// <summary>Forgets a download that has ended.</summary>
    public void Delete(PullDocument pull) => records.Delete(pull);

    // The clocks of two nodes may differ a little.
    private static bool IsAlive(NodeEntry node, DateTimeOffset now) => node.LeaseUntil is not { } until || until > now.AddSeconds(-30);
}
