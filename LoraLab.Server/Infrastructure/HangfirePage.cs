namespace LoraLab.Server.Infrastructure;

/// <summary>Hangfire's own dashboard.</summary>
internal static class HangfirePage
{
    public const string Path = "/hangfire";
}
