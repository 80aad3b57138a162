using System.CommandLine;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>fields</c>, which describes the fields of the run specification.</summary>
internal static class FieldsCommand
{
    public static Command Create()
    {
        Option<FileInfo?> docs = new("--docs") { Description = "Write the Markdown page to this file instead of printing it." };
        Command command = new("fields", "Describe the fields of the run specification as Markdown.") { docs };
        command.SetAction(result => Run(result.GetValue(docs)));
        return command;
    }

    private static int Run(FileInfo? file)
    {
        string page = SpecDocs.Page(SpecFieldCatalog.Default);
        if (file is null)
        {
            Console.Write(page);
        }
        else
        {
            File.WriteAllText(file.FullName, page);
        }

        return ExitCodes.Success;
    }
}
