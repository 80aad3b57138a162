using LoraLab.Contracts.Live;

namespace LoraLab.Server.Storage;

/// <summary>Receives events in the order of their numbers; never blocks.</summary>
internal interface ILiveSink
{
    void Publish(IReadOnlyList<LiveEvent> events);
}
