namespace LoraLab.Server.Infrastructure;

/// <summary>What the queue's library shows of itself.</summary>
internal static class HangfirePage
{
    public const string Path = "/hangfire";
}
