using System.Runtime.InteropServices;

/// <summary>
/// Allocates memory that no estimate includes, or gives a server a wrong clock (<see cref="ClockError"/>).
/// With <c>DOTNET_STARTUP_HOOKS</c> set to the path of this assembly, every .NET program calls
/// <see cref="Initialize"/> before its own code, so a real trainer holds real memory outside its estimate. The runtime requires this type
/// name without a namespace. The hook must not use anything else of the tests, because the trainer does not have their libraries.
/// </summary>
internal static class StartupHook
{
    /// <summary>Variable with part of a file path: the memory is allocated once the run has written such a file.</summary>
    public const string After = "LORALAB_TESTS_TAKE_MEMORY_AFTER";

    /// <summary>Size of the allocation, MiB.</summary>
    public const int Megabytes = 400;

    /// <summary>Variable with the seconds by which a server's clock is ahead.</summary>
    public const string ClockError = "LORALAB_TESTS_CLOCK_ERROR";

    private const int Page = 4096;
    private static readonly TimeSpan _pollInterval = TimeSpan.FromMilliseconds(1);

    /// <summary>Called by the runtime.</summary>
    public static void Initialize()
    {
        if (Environment.GetCommandLineArgs() is [.., "worker"]
            && Environment.GetEnvironmentVariable(After) is string part
            && Environment.GetEnvironmentVariable("LoraLab__DataDirectory") is string data
            && !FileExists(data, part))
        {
            new Thread(() => Allocate(data, part)) { IsBackground = true, Name = "unforeseen memory" }.Start();
        }

        if (Environment.GetEnvironmentVariable(ClockError) is string seconds
            && Environment.GetCommandLineArgs()[0].EndsWith("LoraLab.Server.dll", StringComparison.Ordinal))
        {
            SetClock(double.Parse(seconds, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A method of its own, because the trainer does not have the types that it uses.</summary>
    private static void SetClock(double seconds) => LoraLab.Tests.Support.WrongClock.Install(TimeSpan.FromSeconds(seconds));

    private static void Allocate(string data, string part)
    {
        while (!FileExists(data, part))
        {
            Thread.Sleep(_pollInterval);
        }

        const int Bytes = Megabytes << 20;
        nint memory = Marshal.AllocHGlobal(Bytes);
        // Memory becomes resident once it is written.
        for (int i = 0; i < Bytes; i += Page)
        {
            Marshal.WriteByte(memory, i, 1);
        }
    }

    private static bool FileExists(string data, string part)
    {
        try
        {
            return Directory.EnumerateFiles(data, "*", SearchOption.AllDirectories)
                .Any(path => path.Contains(part, StringComparison.Ordinal));
        }
        catch (Exception changed) when (changed is IOException or UnauthorizedAccessException)
        {
            // A folder was renamed or deleted during the enumeration.
            return false;
        }
    }
}
