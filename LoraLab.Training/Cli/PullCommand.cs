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
        Command command = new("pull", "Download a model or a dataset from the Hugging Face Hub.") { name };
        command.SetAction((result, cancellation) =>
            HubPull.RunAsync(result.GetRequiredValue(name), configuration, AnsiConsole.Console, cancellation));
        return command;
    }
}
