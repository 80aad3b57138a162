using LoraLab.Contracts.Machine;

namespace LoraLab.Server.Storage.Leases;

/// <summary>The nodes that share the store, seen from this one.</summary>
internal interface INodes
{
    /// <summary>Name of this node.</summary>
    string Name { get; }

    /// <summary>Whether several nodes can share the store, so that runs belong to a node for a time only.</summary>
    bool AreSeveral { get; }

    /// <summary>Whether this node does what is done once for all of them.</summary>
    bool IsLeader { get; }

    /// <summary>What is wrong with the nodes, one sentence each.</summary>
    IReadOnlyList<string> Problems { get; }

    /// <summary>All nodes, by name.</summary>
    IReadOnlyList<NodeEntry> List();

    /// <summary>Makes a node take no more runs, or take them again; false: there is no such node.</summary>
    bool SetDraining(string name, bool draining);

    /// <summary>
    /// Takes over the runs that an earlier process of this node left active, and returns their ids.
    /// </summary>
    IReadOnlyList<string> TakeOverOwn();

    /// <summary>Takes over the active runs whose leases have ended, and returns their ids; no other node gets them too.</summary>
    /// <param name="except">Runs that this node is still about to leave.</param>
    IReadOnlyList<string> TakeOverExpired(IReadOnlyCollection<string> except);
}
