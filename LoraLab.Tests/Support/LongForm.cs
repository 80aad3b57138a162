namespace LoraLab.Tests.Support;

/// <summary>Selects the long form of fault and load tests with <c>LORALAB_FAULTS=full</c>; otherwise they run in a short form.</summary>
internal static class LongForm
{
    public static bool Enabled { get; } = Environment.GetEnvironmentVariable("LORALAB_FAULTS") == "full";

    public static T Choose<T>(T brief, T full) => Enabled ? full : brief;
}
