using System.Globalization;
using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Tests.ScriptedWorker;

/// <summary>
/// The verb <c>predict</c>. Words of the prompt: <c>sleep=MS</c> (at most the time of the request, then it is answered as too long),
/// <c>hang</c> (does not answer), <c>die</c>. The generated text names who was asked and the process; every request is a line of
/// <c>predictions.txt</c> in the data directory with the id of the process.
/// </summary>
internal static class Predictions
{
    public static int Serve()
    {
        while (Console.In.ReadLine() is { } line)
        {
            PredictCommand command = JsonSerializer.Deserialize<PredictCommand>(line, ContractJson.Options)!;
            if (!command.Cancel)
            {
                Answer(command, new Script(command.Prompt));
            }
        }

        return 0;
    }

    private static void Answer(PredictCommand command, Script script)
    {
        string list = Path.Combine(Environment.GetEnvironmentVariable("LoraLab__DataDirectory")!, "predictions.txt");
        using (FileStream shared = new(list, FileMode.Append, FileAccess.Write, FileShare.ReadWrite))
        {
            shared.Write(Encoding.UTF8.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n"));
        }

        Write(new() { Id = command.Id, Loaded = true });
        if (script.Has("die"))
        {
            Console.Error.WriteLine("scripted death");
            Environment.Exit(9);
        }

        if (script.Has("hang"))
        {
            Thread.Sleep(Timeout.Infinite);
        }

        TimeSpan work = TimeSpan.FromMilliseconds(script.Number("sleep"));
        TimeSpan allowed = TimeSpan.FromSeconds(command.Seconds);
        Thread.Sleep(work < allowed ? work : allowed);
        string?[] asked = [.. command.Model is null ? [] : (string?[])[null], .. command.Runs];
        Write(work < allowed
            ? new() { Id = command.Id, Answers = [.. asked.Select(run => Of(command, run))] }
            : new() { Id = command.Id, TimedOut = true, Error = "The scripted prediction took too long." });
    }

    private static PredictResult Of(PredictCommand command, string? run) => new()
    {
        Run = run,
        Model = "sample",
        Items = command.Inputs is { } inputs
            ? [.. inputs.Select(input => new PredictedItem { Prompt = string.Join('|', input.Values), Scores = [-0.1, -2], Predicted = 0 })]
            : [new() { Prompt = command.Prompt!, Generated = $"{run ?? "model"} {Environment.ProcessId}", Stop = "length" }],
        Labels = command.Inputs is null ? [] : command.Labels ?? ["negative", "positive"],
        Device = Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") == "-1" ? "cpu" : "scripted",
        Threads = int.Parse(Environment.GetEnvironmentVariable("OMP_NUM_THREADS") ?? "0", CultureInfo.InvariantCulture),
        Seconds = 0.5,
    };

    private static void Write(PredictAnswer answer) => Console.WriteLine(JsonSerializer.Serialize(answer, ContractJson.Options));
}
