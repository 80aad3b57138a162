using System.CommandLine;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Methods;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Adapters;
using Spectre.Console;

namespace LoraLab.Training.Cli;

/// <summary>The command <c>methods</c>, which lists the registered methods and their options.</summary>
internal static class MethodsCommand
{
    public static Command Create()
    {
        Option<bool> asJson = new("--json") { Description = "Print the method descriptors as JSON." };
        Option<DirectoryInfo?> docs = new("--docs") { Description = "Write a Markdown page per method and their table to this folder." };
        Command command = new("methods", "List the LoRA methods and their options.") { asJson, docs };
        command.SetAction(result => result.GetValue(docs) is DirectoryInfo folder ? WriteDocs(folder) : Print(result.GetValue(asJson)));
        return command;
    }

    private static int WriteDocs(DirectoryInfo folder)
    {
        folder.Create();
        foreach (LoraMethod method in LoraMethods.All)
        {
            File.WriteAllText(Path.Combine(folder.FullName, method.Id + ".md"), MethodDocs.Page(method.Descriptor));
        }

        File.WriteAllText(
            Path.Combine(folder.FullName, MethodDocs.IndexFile), MethodDocs.Index(LoraMethods.All.Select(method => method.Descriptor)));
        return ExitCodes.Success;
    }

    private static int Print(bool asJson)
    {
        List<MethodDescriptor> methods = [.. LoraMethods.All.Select(method => method.Descriptor)];
        if (asJson)
        {
            Console.WriteLine(JsonSerializer.Serialize(methods, ContractJson.Indented));
            return ExitCodes.Success;
        }

        Table table = new Table().AddColumns("method", "update", "trained", "initialization", "default learning rate", "options");
        foreach (MethodDescriptor method in methods)
        {
            table.AddRow(
                new Text(method.Id),
                new Text(method.Formula),
                new Text(method.Trains),
                new Text(method.Start),
                new Text(NumberFormat.Setting(method.DefaultLearningRate)),
                new Text(string.Join(
                    "\n", method.Options.Select(option => $"{option.Name} = {MethodDocs.Default(option) ?? "from the run"}"))));
        }

        AnsiConsole.Write(table);
        return ExitCodes.Success;
    }
}
