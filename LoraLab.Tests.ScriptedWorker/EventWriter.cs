using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>Appends events to the attempt's file, then repeats them on stdout.</summary>
internal sealed class EventWriter(string path) : IDisposable
{
    private readonly FileStream file = new(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
    private long n;

    public void Write(WorkerEvent happened)
    {
        string line = Line(happened with { Number = ++n, At = TimeProvider.System.GetUtcNow() });
        Raw(line + "\n");
        Console.WriteLine(line);
    }

    /// <summary>The event in two pieces with a pause between, so that a reader meets a half line.</summary>
    public void WriteInHalves(WorkerEvent happened, int pause)
    {
        string line = Line(happened with { Number = ++n, At = TimeProvider.System.GetUtcNow() });
        Raw(line[..(line.Length / 2)]);
        Console.WriteLine("{}");
        Thread.Sleep(pause);
        Raw(line[(line.Length / 2)..] + "\n");
        Console.WriteLine(line);
    }

    public void Raw(string text)
    {
        file.Write(Encoding.UTF8.GetBytes(text));
        file.Flush();
    }

    public void Dispose() => file.Dispose();

    private static string Line(WorkerEvent happened) => JsonSerializer.Serialize(happened, ContractJson.Options);
}
