namespace LoraLab.Server.Workers;

/// <summary>The inspector exited before it responded.</summary>
internal sealed class TrainerExitedException() : Exception("The trainer exited before it responded.");
