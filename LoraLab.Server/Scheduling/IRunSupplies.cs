using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Scheduling;

/// <summary>What runs need that a node may lack although another one accepted them.</summary>
internal interface IRunSupplies
{
    /// <summary>
    /// Whether this node has what a waiting run needs. If not, it begins to fetch that, and takes no run before it has it: the order of the
    /// queue holds, and a node that has it may take the run meanwhile.
    /// </summary>
    Task<bool> AreHereAsync(RunDocument run, CancellationToken cancellationToken);
}
