using System.Reflection;

namespace LoraLab.Server.Infrastructure;

/// <summary>The version of this server.</summary>
internal static class ServerVersion
{
    /// <summary>The version without the commit suffix.</summary>
    public static string Text { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
            ?? "0.0.0";
}
