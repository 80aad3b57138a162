using System.CommandLine;
using LoraLab.Training.Files;
using LoraLab.Training.Hub;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary><c>pull MODEL-OR-DATASET</c>: downloads from the Hugging Face hub.</summary>
internal static class PullCommand
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Argument<string> what = new("what") { Description = "A model (owner/name, or owner/name@revision) or the data set sst2." };
        Command command = new("pull", "Download a model or SST-2 from the Hugging Face hub.") { what };
        command.SetAction((result, cancellation) => HubPull.RunAsync(result.GetRequiredValue(what), configuration, AnsiConsole.Console, cancellation));
        return command;
    }
}
