using System.CommandLine;
using LoraLab.Files;

namespace LoraLab.Training.Cli;

/// <summary>Options that name a file or folder, which may start with <c>~</c>: shells expand it only at the start of an argument.</summary>
internal static class PathOption
{
    public static Option<FileInfo?> File(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => new FileInfo(HomePath.Expand(result.Tokens[0].Value)),
    };

    public static Option<FileInfo> RequiredFile(string name, string description) => new(name)
    {
        Description = description,
        Required = true,
        CustomParser = result => new FileInfo(HomePath.Expand(result.Tokens[0].Value)),
    };

    public static Option<DirectoryInfo> RequiredFolder(string name, string description) => new(name)
    {
        Description = description,
        Required = true,
        CustomParser = result => new DirectoryInfo(HomePath.Expand(result.Tokens[0].Value)),
    };

    public static Option<DirectoryInfo?> Folder(string name, string description) => new(name)
    {
        Description = description,
        CustomParser = result => new DirectoryInfo(HomePath.Expand(result.Tokens[0].Value)),
    };
}
