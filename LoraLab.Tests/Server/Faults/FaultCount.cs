namespace LoraLab.Tests.Server.Faults;

/// <summary>Number of injected faults per kind: a few, or all with <c>LORALAB_FAULTS=full</c>.</summary>
internal static class FaultCount
{
    private const int Full = 20;

    public static bool IsFull => Environment.GetEnvironmentVariable("LORALAB_FAULTS") == "full";

    public static int Of(int few) => IsFull ? Full : few;
}
