using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// The verb <c>pull</c>, which downloads nothing. A name that ends in <c>slow</c> stays half done until stdin ends, one that ends in
/// <c>fails</c> fails, one that ends in <c>dies</c> exits without a word; all others complete. With <c>SCRIPTED_MODELS</c> in the
/// environment, that file has the names of those.
/// </summary>
internal static class ScriptedPull
{
    private static readonly string? _list = Environment.GetEnvironmentVariable("SCRIPTED_MODELS");

    public static IEnumerable<string> Downloaded => _list is not null && File.Exists(_list) ? File.ReadLines(_list) : [];

    public static int Run(string name)
    {
        name = name.Split('@')[0];
        Write(new() { File = "config.json", Files = 0, TotalFiles = 2, Bytes = 0, TotalBytes = 2_000_000 });
        Write(new() { File = "model.safetensors", Files = 1, TotalFiles = 2, Bytes = 1_000_000, TotalBytes = 2_000_000 });
        if (name.EndsWith("slow", StringComparison.Ordinal))
        {
            while (Console.In.ReadLine() is not null)
            {
                // Until the server closes it.
            }

            return 130;
        }

        if (name.EndsWith("dies", StringComparison.Ordinal))
        {
            Console.Error.WriteLine("Killed.");
            return 137;
        }

        if (name.EndsWith("fails", StringComparison.Ordinal))
        {
            Write(new() { Error = $"The hub has no repository '{name}'." });
            return 1;
        }

        if (_list is not null)
        {
            File.AppendAllLines(_list, [name]);
        }

        Write(new() { Files = 2, TotalFiles = 2, Bytes = 2_000_000, TotalBytes = 2_000_000 });
        Write(new() { Completed = true, Commit = new string('a', 40) });
        return 0;
    }

    private static void Write(PullEvent line)
    {
        Console.WriteLine(JsonSerializer.Serialize(line, ContractJson.Options));
        Console.Out.Flush();
    }
}
