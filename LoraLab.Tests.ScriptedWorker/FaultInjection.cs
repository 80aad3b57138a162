using System.Runtime.InteropServices;
using System.Text;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// Faults of the scripted worker. Words: <c>mute</c> (writes nothing and hangs, or exits with <c>exit=CODE</c>), and at step <c>at=N</c>
/// (default 2) <c>flood=MB</c> of log, <c>longline=MB</c> without a line end, <c>rubbish</c> among the events, <c>signal=N</c> that
/// terminates it, <c>torn</c> (writes half a line and exits).
/// </summary>
internal static partial class FaultInjection
{
    private const int LineLength = 100;
    private const int LongerThanAChunk = 9 << 20;

    public static int RunMute(Script script)
    {
        if (!script.Has("exit"))
        {
            Thread.Sleep(Timeout.Infinite);
        }

        return script.Number("exit");
    }

    public static void At(int step, Script script, EventWriter events)
    {
        if (step != script.Number("at", 2))
        {
            return;
        }

        Flood(script.Number("flood"));
        LongLine(script.Number("longline"));
        if (script.Has("rubbish"))
        {
            Rubbish(events);
        }

        if (script.Has("torn"))
        {
            events.Raw("""{"type":"metrics","n":99,"steps":[99],"val""");
            Environment.Exit(9);
        }

        if (script.Number("signal") is > 0 and int signal)
        {
            // The .NET runtime has signal handlers and survives some signals; the shell that replaces it has none.
            _ = Execute("/bin/sh", ["sh", "-c", $"kill -{signal} $$", null]);
        }
    }

    private static void Flood(int megabytes)
    {
        using Stream error = Console.OpenStandardError();
        byte[] lines = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Range(0, (1 << 20) / LineLength).Select(i => $"{i:00000} ".PadRight(LineLength - 1, '.') + "\n")));
        for (int i = 0; i < megabytes; i++)
        {
            error.Write(lines);
        }

        if (megabytes > 0)
        {
            Console.Error.WriteLine("the last line of the flood");
        }
    }

    private static void LongLine(int megabytes)
    {
        string piece = new('x', 1 << 20);
        for (int i = 0; i < megabytes; i++)
        {
            Console.Out.Write(piece);
        }

        Console.Out.WriteLine();
    }

    private static void Rubbish(EventWriter events)
    {
        events.Raw("\0\u0001\ufffd\n[]\nnull\n17\n{}\n");
        events.Raw(new string('y', LongerThanAChunk) + "\n");
        foreach (string wrong in (string[])[
            """{"type":"metrics","n":1000,"steps":null,"values":{}}""",
            """{"type":"metrics","n":1000,"steps":[1],"values":{"train/loss":null}}""",
            """{"type":"ended","n":1000,"reason":"tired","summary":{}}""", """{"type":"evaluated","n":1000,"step":"one"}""",
            """{"type":"prepared","n":1000}""", """{"n":1000}"""])
        {
            events.Raw(wrong + "\n");
        }
    }

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string path, string?[] arguments);
}
