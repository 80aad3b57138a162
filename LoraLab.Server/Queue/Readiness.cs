namespace LoraLab.Server.Queue;

/// <summary>Whether the start is over.</summary>
internal sealed class Readiness
{
    private volatile bool ready;

    public bool IsReady => ready;

    public void Set() => ready = true;
}
