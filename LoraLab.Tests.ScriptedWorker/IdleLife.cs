using System.Globalization;
using System.Text;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// Behavior of a worker before it receives a run. Every worker appends its process id to <c>workers.txt</c> in the data directory, so that
/// a test knows which were started in advance. With <c>SCRIPTED_IDLE=dies</c> in the environment, it exits soon unless it receives a run;
/// with <c>SCRIPTED_IDLE=talks</c>, it writes a line to stderr first.
/// </summary>
internal static class IdleLife
{
    private const int ShortLife = 400;
    private static readonly string? _mode = Environment.GetEnvironmentVariable("SCRIPTED_IDLE");
    private static volatile bool _over;

    public static void Begin()
    {
        string list = Path.Combine(Environment.GetEnvironmentVariable("LoraLab__DataDirectory")!, "workers.txt");
        using (FileStream shared = new(list, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            shared.Write(Encoding.UTF8.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
        }

        if (_mode == "talks")
        {
            Console.Error.WriteLine("a word from the idle");
        }

        if (_mode == "dies")
        {
            new Thread(Die) { IsBackground = true }.Start();
        }
    }

    public static void End() => _over = true;

    private static void Die()
    {
        Thread.Sleep(ShortLife);
        if (!_over)
        {
            Environment.Exit(7);
        }
    }
}
