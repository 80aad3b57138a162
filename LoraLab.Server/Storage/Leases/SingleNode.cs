using LoraLab.Contracts.Machine;
using LoraLab.Server.Infrastructure;
using Microsoft.Extensions.Options;

namespace LoraLab.Server.Storage.Leases;

/// <summary>The only node of an embedded store.</summary>
internal sealed class SingleNode(IRunStore store, IOptions<LoraLabOptions> options, TimeProvider time) : INodes
{
    public string Name => NodeNames.Of(options.Value);

    public bool AreSeveral => false;

    public bool IsLeader => true;

    public IReadOnlyList<string> Problems => [];

    public IReadOnlyList<NodeEntry> List() =>
    [
        new NodeEntry
        {
            Name = Name,
            Role = options.Value.Role,
            Devices = NodeNames.DevicesOf(options.Value),
            Labels = options.Value.Labels,
            LastSeen = time.GetUtcNow(),
            Runs = TakeOverOwn(),
        },
    ];

    public bool SetDraining(string name, bool draining) => false;

    public IReadOnlyList<string> TakeOverOwn() => [.. store.QueuePage(limit: 0).Running.Select(run => run.Document.Id)];

    public IReadOnlyList<string> TakeOverExpired(IReadOnlyCollection<string> except) => [];
}
