using LoraLab.Contracts.Live;

namespace LoraLab.Server.Storage;

/// <summary>Takes events that are not stored to the clients of other nodes; one that cannot be sent is lost.</summary>
internal interface ITransientOutlet
{
    void Send(LiveEvent live);
}
