using System.CommandLine;
using LoraLab.Training.Cli.Predict;
using LoraLab.Training.Files;

namespace LoraLab.Training.Cli;

/// <summary>The hidden command <c>predict</c>, a process that computes predictions for the server.</summary>
internal static class PredictVerb
{
    public static Command Create(TrainingConfiguration configuration)
    {
        Command command = new("predict") { Hidden = true };
        command.SetAction(_ => PredictProgram.Run(new TrainerServices(configuration, TimeProvider.System), Console.In, Console.Out));
        return command;
    }
}
