using System.Runtime.InteropServices;

/// <summary>
/// Memory that a run takes and nobody foresaw. <c>DOTNET_STARTUP_HOOKS</c> with this assembly's path lets every .NET program call
/// <see cref="Initialize"/> before its own code, so that a real trainer holds real memory which is in no estimate. The runtime asks for
/// this name without a namespace; nothing else of the tests may be needed here, for their libraries are not the trainer's.
/// </summary>
internal static class StartupHook
{
    /// <summary>Variable with a part of the paths of the files that the run has written when the memory is taken.</summary>
    public const string After = "LORALAB_TESTS_TAKE_MEMORY_AFTER";

    /// <summary>Memory that is taken, MiB.</summary>
    public const int Megabytes = 400;

    private const int Page = 4096;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(1);

    /// <summary>Called by the runtime.</summary>
    public static void Initialize()
    {
        if (Environment.GetCommandLineArgs() is [.., "worker"]
            && Environment.GetEnvironmentVariable(After) is string part
            && Environment.GetEnvironmentVariable("LoraLab__DataDirectory") is string data
            && !IsThere(data, part))
        {
            new Thread(() => Take(data, part)) { IsBackground = true, Name = "unforeseen memory" }.Start();
        }
    }

    private static void Take(string data, string part)
    {
        while (!IsThere(data, part))
        {
            Thread.Sleep(Pause);
        }

        const int bytes = Megabytes << 20;
        nint taken = Marshal.AllocHGlobal(bytes);
        // Memory counts once it is written.
        for (int i = 0; i < bytes; i += Page)
        {
            Marshal.WriteByte(taken, i, 1);
        }
    }

    private static bool IsThere(string data, string part)
    {
        try
        {
            return Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories).Any(path => path.Contains(part, StringComparison.Ordinal));
        }
        catch (Exception changed) when (changed is IOException or UnauthorizedAccessException)
        {
            // A folder was renamed or removed meanwhile.
            return false;
        }
    }
}
