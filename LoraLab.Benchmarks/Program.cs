using System.CommandLine;
using LoraLab.Benchmarks;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Torch.Installed;

try
{
    OwnLibtorch.HideForInstalled(args);
    return await BenchmarkCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (RunFailure failure)
{
    await Console.Error.WriteLineAsync(failure.Message);
    return 1;
}
