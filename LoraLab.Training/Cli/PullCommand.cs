using System.CommandLine;
using LoraLab.Training.Files;
using LoraLab.Training.Hub;
using LoraLab.Training.Tasks;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>pull NAME</c>, which downloads a model or dataset from the Hugging Face Hub.</summary>
internal static class PullCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Argument<string> name = new("name")
        {
            Description = $"A model (owner/name or owner/name@revision) or a dataset: {string.Join(", ", PublishedDataset.Names)}.",
        };
        // For the server, which starts the command as a job.
        Option<string?> kind = new("--kind") { Hidden = true };
        Option<bool> events = new("--events") { Hidden = true };
        Command command = new("pull", "Download a model or a dataset from the Hugging Face Hub.") { name, kind, events };
        command.SetAction(async (result, cancellation) =>
        {
            using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (result.GetValue(events))
            {
                StopAtEnd(Console.In, stop);
            }

            return await HubPull.RunAsync(
                result.GetRequiredValue(name),
                result.GetValue(kind),
                configuration,
                result.GetValue(events) ? new EventPullReport(Console.Out) : new ConsolePullReport(AnsiConsole.Console),
                stop.Token).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>Stops the download when the input ends: its server is gone.</summary>
    private static void StopAtEnd(TextReader input, CancellationTokenSource stop) => new Thread(() =>
    {
        while (input.ReadLine() is not null)
        {
            // There are no commands.
        }

        try
        {
            stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The download has ended.
        }
    })
    { IsBackground = true, Name = "lifeline" }.Start();
}
