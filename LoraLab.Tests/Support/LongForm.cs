namespace LoraLab.Tests.Support;

/// <summary>Tests that search long, or wait long, do so when <c>LORALAB_FAULTS=full</c>; else in the short form that every run of the tests can bear.</summary>
internal static class LongForm
{
    public static bool Asked { get; } = Environment.GetEnvironmentVariable("LORALAB_FAULTS") == "full";

    public static T Choose<T>(T brief, T full) => Asked ? full : brief;
}
