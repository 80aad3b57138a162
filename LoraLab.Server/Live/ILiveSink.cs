using LoraLab.Contracts.Live;

namespace LoraLab.Server.Live;

/// <summary>Takes events in the order of their numbers; never blocks.</summary>
internal interface ILiveSink
{
    void Accept(IReadOnlyList<LiveEvent> events);
}
